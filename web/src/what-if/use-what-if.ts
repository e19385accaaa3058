/** The question in the address, and the answer to it. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import type { WhatIf } from '../../../src/api/what-if/schemas.ts';
import { ask, path } from '../lib/api.ts';
import { useQueryState } from '../lib/router.tsx';
import type { Campaign } from '../lib/types.ts';
import { bodyOf, packWaves, plainQuestion, type Question, unpackWaves } from './question.ts';

/** Nothing is asked while somebody types, milliseconds. */
const REST_MS = 400;
/** How often a campaign under way is asked about again, milliseconds. */
const AGAIN_MS = 30_000;

export interface Asking {
  readonly question: Question;
  readonly plan: Question;
  readonly set: (fields: Partial<Question>) => void;
}

export function useQuestion(campaign: Campaign): Asking {
  const plan = useMemo(() => plainQuestion(campaign), [campaign]);
  const packed = packWaves(plan.waves);
  const [waves, setWaves] = useQueryState('waves', packed);
  const [rate, setRate] = useQueryState('rate', plan.rate);
  const [flight, setFlight] = useQueryState('flight', plan.flight);
  const [slice, setSlice] = useQueryState('slice', plan.slice);
  const [reactionMinutes, setReaction] = useQueryState('reaction', plan.reactionMinutes);
  const [hours, setHours] = useQueryState('hours');
  const [people, setPeople] = useQueryState('people');
  const question: Question = {
    waves: useMemo(() => unpackWaves(waves) ?? plan.waves, [waves, plan]),
    rate,
    flight,
    slice,
    reactionMinutes,
    anyHour: hours === 'any',
    nobody: people === 'nobody',
  };
  const set = (fields: Partial<Question>): void => {
    if (fields.waves !== undefined) setWaves(packWaves(fields.waves));
    if (fields.rate !== undefined) setRate(fields.rate);
    if (fields.flight !== undefined) setFlight(fields.flight);
    if (fields.slice !== undefined) setSlice(fields.slice);
    if (fields.reactionMinutes !== undefined) setReaction(fields.reactionMinutes);
    if (fields.anyHour !== undefined) setHours(fields.anyHour ? 'any' : '');
    if (fields.nobody !== undefined) setPeople(fields.nobody ? 'nobody' : '');
  };
  return { question, plan, set };
}

/** A value once it has stayed the same for a while. */
function useRested<T>(value: T): T {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), REST_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return rested;
}

/** The answer before stays until the next is there, so that nothing flickers. */
export function useWhatIf(campaign: Campaign, { question, plan }: Asking) {
  const body = useRested(JSON.stringify(bodyOf(question, plan)));
  const underWay = ['running', 'paused', 'aborting'].includes(campaign.state);
  return useQuery({
    queryKey: ['what-if', campaign.id, body],
    queryFn: ({ signal }) =>
      ask<WhatIf>(path`/v1/campaigns/${campaign.id}/what-if`, JSON.parse(body), signal),
    placeholderData: keepPreviousData,
    staleTime: AGAIN_MS,
    refetchInterval: underWay ? AGAIN_MS : false,
  });
}

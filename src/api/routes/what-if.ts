/** What another plan would have done to a campaign, calculated over its record. Nothing is written. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { z } from 'zod';
import type { Change, PlanChange } from '../../app/what-if/change.ts';
import { RecordIncompleteError } from '../../app/what-if/read-record.ts';
import type { Counts } from '../../app/what-if/result.ts';
import { NewerCampaignError } from '../../app/what-if/timeline.ts';
import {
  type Answer,
  type Asked,
  createWhatIf,
  MOST_VEHICLES,
  type Side,
  type WhatIfService,
} from '../../app/what-if/what-if-service.ts';
import { totalsAt } from '../../projections/history/read.ts';
import { fromRejection, notFound, type Problem, problem } from '../problem.ts';
import { shareOf } from '../progress.ts';
import { awaitPosition } from '../queries.ts';
import { route } from '../route.ts';
import { campaignParams } from '../schemas.ts';
import type { ApiServices } from '../services.ts';
import { type WhatIf, whatIfAnswer, whatIfBody } from '../what-if/schemas.ts';

/** How long it waits for read models to be where the progress is, milliseconds. */
const WAIT_MS = 2000;

export function whatIfRoutes(app: FastifyInstance, services: ApiServices): void {
  let made: WhatIfService | null = null;
  const whatIf = (): WhatIfService => {
    made ??= createWhatIf(services.reader, services.log, services.clock, (position) =>
      services.waitForPosition(position, WAIT_MS),
    );
    return made;
  };
  route(app, {
    id: 'askWhatIf',
    method: 'POST',
    url: '/v1/campaigns/:campaignId/what-if',
    tag: 'campaigns',
    summary: 'What other waves, gates or rates would have done, calculated over the record',
    description:
      'The campaign once more under another plan: each vehicle takes as long from offer to outcome and ends as it did, ' +
      'and is offered when that plan offers it; waves are cut and gates decided by the engine’s own rules. ' +
      'A query, though it is a POST: nothing is written and nothing is sent to a vehicle.',
    params: campaignParams,
    body: whatIfBody,
    bodyExample: { sliceFailurePercent: 10, reaction_s: 600, offersPerMinute: 120 },
    reads: true,
    responses: {
      200: { description: 'Both sides, what differs, and what is assumed.', schema: whatIfAnswer },
    },
    problems: ['not-found', 'not-started', 'too-many-vehicles', 'not-caught-up', 'overloaded'],
    handler: async ({ params, body, request, reply }) => {
      await awaitPosition(services, request);
      const { points } = body;
      const question = { campaignId: params.campaignId, change: changeOf(body), points };
      const gone = closed(reply);
      try {
        const asked = await whatIf().ask(question, gone);
        if (!asked.ok) throw refused(asked, params.campaignId);
        return await answerOf(services, params.campaignId, asked.answer);
      } catch (error) {
        if (!gone.aborted) throw problemOf(error);
        reply.hijack();
        return reply;
      }
    },
  });
}

function changeOf(body: z.output<typeof whatIfBody>): Change {
  const { sliceFailurePercent, reaction_s, people, points: _, ...plan } = body;
  const given = Object.entries(plan).filter(([, value]) => value !== undefined);
  return { plan: Object.fromEntries(given) as PlanChange, sliceFailurePercent, reaction_s, people };
}

/** Aborts when nobody waits for the answer any more. */
function closed(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return gone.signal;
}

function problemOf(error: unknown): unknown {
  if (error instanceof RecordIncompleteError)
    return problem('not-caught-up', error.message, {
      hint: 'Repeat the query after the seconds in Retry-After.',
      headers: { 'retry-after': '2' },
    });
  if (error instanceof NewerCampaignError)
    return problem('not-ready', error.message, { hint: 'Upgrade this server first.' });
  return error;
}

function refused(asked: Extract<Asked, { ok: false }>, campaignId: string): Problem {
  switch (asked.why) {
    case 'not-found':
      return notFound('campaign', campaignId);
    case 'not-started':
      return fromRejection({
        code: 'not-started',
        message: `campaign ${campaignId} has not started: there is nothing to calculate over`,
        hint: 'Ask again when it has.',
      });
    case 'invalid-plan':
      return problem('invalid-request', asked.problems.map(({ message }) => message).join('; '), {
        hint: 'Correct the plan and ask again.',
        errors: asked.problems.map(({ path, message }) => ({
          path: `/${path.replaceAll('.', '/')}`,
          message,
        })),
      });
    case 'too-many-vehicles':
      return problem('too-many-vehicles', `it has more than ${MOST_VEHICLES} targets`, {
        hint: 'Compare a smaller campaign.',
      });
    case 'busy':
      return problem('overloaded', 'other calculations are waiting already', {
        hint: 'Repeat the query after the seconds in Retry-After.',
        headers: { 'retry-after': '5' },
      });
  }
}

const iso = (at: number): string => new Date(at).toISOString();
const isoOrNull = (at: number | null): string | null => (at === null ? null : iso(at));

async function answerOf(services: ApiServices, campaignId: string, answer: Answer): Promise<WhatIf> {
  const { startedAt, asOf, over, targets, difference, basis, instants, series, assumptions } = answer;
  const cuts = instants.map((instant_ms) => ({ instant_ms }));
  const totals = (await totalsAt(services.reader, campaignId, cuts)) ?? [];
  return {
    campaignId,
    calculation: true,
    startedAt: iso(startedAt),
    asOf: iso(asOf),
    over,
    targets,
    recorded: sideOf(answer.recorded),
    calculated: sideOf(answer.calculated),
    difference,
    basis,
    series: {
      step_ms: ((instants.at(-1) ?? startedAt) - startedAt) / Math.max(1, instants.length - 1),
      points: instants.map((at, n) => ({
        at: iso(at),
        recorded: !over && at > asOf ? null : countsOf(totals[n]?.byPhase ?? {}),
        calculated: series[n] as Counts,
      })),
    },
    assumptions: [...assumptions],
  };
}

function countsOf(byPhase: Parameters<typeof shareOf>[0]): Counts {
  const { succeeded, failed, excused, pending } = shareOf(byPhase);
  const waiting = byPhase.waiting ?? 0;
  return { waiting, inFlight: pending - waiting, succeeded, failed, excused };
}

const sideOf = ({ state, endedAt, totals, stops, waves, policy }: Side): WhatIf['recorded'] => ({
  state,
  endedAt: isoOrNull(endedAt),
  totals,
  stops: stops.map(({ at, resumedAt, ...stop }) => ({
    ...stop,
    at: iso(at),
    resumedAt: isoOrNull(resumedAt),
  })),
  waves: waves.map(({ releasedAt, gate, ...wave }) => ({
    ...wave,
    releasedAt: isoOrNull(releasedAt),
    gate: gate === null ? null : { ...gate, at: iso(gate.at) },
  })),
  plan: {
    waves: policy.waves,
    offersPerMinute: policy.offersPerMinute,
    maxInFlight: policy.maxInFlight,
    window: policy.window,
  },
});

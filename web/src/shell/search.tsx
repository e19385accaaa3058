/**
 * Everything with one key: `/`. Campaigns and artifacts by any part of their names, vehicles by VIN, by its end, or by
 * their id.
 */
import { useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, type RefObject, useId, useState } from 'react';
import { get, isProblem, path, queryOf } from '../lib/api.ts';
import { count } from '../lib/format.ts';
import { artifactsOf, campaignsOf } from '../lib/lists.ts';
import { navigate } from '../lib/router.tsx';
import type { Artifact, Campaign, Page, Vehicle } from '../lib/types.ts';

interface Hit {
  readonly kind: string;
  readonly name: string;
  readonly more: string;
  readonly to: string;
}

const MOST = 8;
/** Texts shorter than this find too much. */
const LEAST = 2;
/** A VIN or a vehicle id. */
const VEHICLE = /^[A-Za-z0-9]{8,32}$/;
/** What may be the end of a VIN, and as short as the server looks for. */
const VIN_END = /^[A-Za-z0-9]{6,17}$/;
/** Lists are read once for all that is typed. */
const STALE_MS = 30_000;

function hitsOf(
  text: string,
  campaigns: readonly Campaign[],
  artifacts: readonly Artifact[],
  vehicles: readonly Vehicle[],
): readonly Hit[] {
  const wanted = text.toLowerCase();
  const has = (...texts: readonly string[]): boolean =>
    texts.some((one) => one.toLowerCase().includes(wanted));
  return [
    ...vehicles.map(({ id, vin, brand, model, region }) => ({
      kind: 'Vehicle',
      name: vin ?? id,
      more: `${brand} ${model}, ${region}`,
      to: path`/vehicles/${vin ?? id}`,
    })),
    ...campaigns
      .filter(({ id, title }) => has(id, title))
      .map(({ id, title, state }) => ({
        kind: 'Campaign',
        name: title,
        more: state,
        to: path`/campaigns/${id}`,
      })),
    ...artifacts
      .filter(({ id, target }) => has(id, target.ecuType))
      .map(({ id, state, target }) => ({
        kind: 'Artifact',
        name: id,
        more: `${target.ecuType}, ${state}`,
        to: path`/artifacts/${id}`,
      })),
  ];
}

/** Null where there is none of this VIN or id. */
const vehicleOf = (text: string) => ({
  queryKey: ['search', text],
  queryFn: ({ signal }: { signal: AbortSignal }): Promise<Vehicle | null> =>
    get<Vehicle>(path`/v1/vehicles/${text}`, signal).catch((error: unknown) => {
      if (isProblem(error, 'not-found')) return null;
      throw error;
    }),
  staleTime: 10_000,
  gcTime: 30_000,
});

/** One more than are shown, so that it can be said that there are more. */
const byVinEnd = (text: string) => ({
  queryKey: ['search', 'vin-end', text],
  queryFn: async ({ signal }: { signal: AbortSignal }): Promise<readonly Vehicle[]> => {
    const asked = queryOf({ vinEnd: text, limit: MOST + 1 });
    return (await get<Page<Vehicle>>(`/v1/vehicles${asked}`, signal)).items;
  },
  staleTime: 10_000,
  gcTime: 30_000,
});

interface Asked {
  readonly data: unknown;
  readonly error: Error | null;
  readonly isFetching: boolean;
}

/** What a person has to know about what was found; null = nothing. */
function saidOf(found: number, asked: readonly Asked[], lists: readonly (Page<unknown> | undefined)[]) {
  const failed = asked.find(({ error }) => error !== null)?.error ?? null;
  if (failed !== null) return `Not everything could be searched: ${failed.message}`;
  if (found > MOST) return `${count(found - MOST)} more: type on to find fewer.`;
  if (asked.some(({ isFetching, data }) => isFetching && data === undefined)) return 'Searching…';
  const cut = lists.find((page) => page !== undefined && page.next !== null);
  if (cut !== undefined) return `Only the first ${count(cut.items.length)} of a list were looked through.`;
  return found === 0
    ? 'Nothing found. Vehicles need the VIN, six or more characters of its end, or the id.'
    : null;
}

function useHits(text: string, enabled: boolean) {
  const campaigns = useQuery({ ...campaignsOf(), staleTime: STALE_MS, enabled });
  const artifacts = useQuery({ ...artifactsOf(), staleTime: STALE_MS, enabled });
  const vehicle = useQuery({ ...vehicleOf(text), enabled: enabled && VEHICLE.test(text) });
  const ends = useQuery({ ...byVinEnd(text), enabled: enabled && VIN_END.test(text) });
  // The one that was typed whole comes first, and once.
  const vehicles = [
    ...new Map([vehicle.data ?? [], ends.data ?? []].flat().map((one) => [one.id, one])).values(),
  ];
  const hits = hitsOf(text, campaigns.data?.items ?? [], artifacts.data?.items ?? [], vehicles);
  const said = saidOf(hits.length, [campaigns, artifacts, vehicle, ends], [campaigns.data, artifacts.data]);
  return { hits: hits.slice(0, MOST), said };
}

export function Search({ input }: { readonly input: RefObject<HTMLInputElement | null> }) {
  const list = useId();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const [open, setOpen] = useState(false);
  const wanted = text.trim();
  const shown = open && wanted.length >= LEAST;
  const { hits, said } = useHits(wanted, shown);
  const go = (hit: Hit | undefined): void => {
    if (hit === undefined) return;
    setOpen(false);
    setText('');
    input.current?.blur();
    navigate(hit.to);
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') setAt(Math.min(hits.length - 1, at + 1));
    else if (event.key === 'ArrowUp') setAt(Math.max(0, at - 1));
    else if (event.key === 'Enter') go(hits[at]);
    else if (event.key === 'Escape') input.current?.blur();
    else return;
    event.preventDefault();
  };
  return (
    <search className="search">
      <input
        ref={input}
        className="input"
        type="search"
        role="combobox"
        aria-label="Search vehicles, campaigns and artifacts"
        aria-expanded={shown}
        aria-controls={list}
        aria-activedescendant={shown && hits.length > 0 ? `${list}-${at}` : undefined}
        placeholder="VIN, campaign or artifact"
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
          setOpen(true);
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={onKey}
      />
      <kbd aria-hidden="true">/</kbd>
      {shown ? <Results list={list} hits={hits} at={at} said={said} onPick={go} onPoint={setAt} /> : null}
    </search>
  );
}

interface ResultsProps {
  readonly list: string;
  readonly hits: readonly Hit[];
  readonly at: number;
  /** What there is to say beside them. */
  readonly said: string | null;
  readonly onPick: (hit: Hit) => void;
  readonly onPoint: (at: number) => void;
}

function Results({ list, hits, at, said, onPick, onPoint }: ResultsProps) {
  return (
    <div className="results">
      <ul id={list} role="listbox" aria-label="Found">
        {hits.map((hit, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keys
          <li
            key={hit.to}
            id={`${list}-${i}`}
            role="option"
            aria-selected={i === at}
            onPointerMove={() => onPoint(i)}
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => onPick(hit)}
          >
            <span className="kind">{hit.kind}</span>
            <strong>{hit.name}</strong>
            <span className="small quiet">{hit.more}</span>
          </li>
        ))}
      </ul>
      {said === null ? null : (
        <p className="small quiet" role="status">
          {said}
        </p>
      )}
    </div>
  );
}

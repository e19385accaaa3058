/** Everything with one key: `/`. Campaigns and artifacts by any part of their names, vehicles by VIN or id. */
import { useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { get, path } from '../lib/api.ts';
import { navigate } from '../lib/router.tsx';
import type { Artifact, Campaign, Page, Vehicle } from '../lib/types.ts';

interface Hit {
  readonly kind: string;
  readonly name: string;
  readonly more: string;
  readonly to: string;
}

const MOST = 8;
/** A VIN or a vehicle id, and nothing shorter: vehicles are found whole. */
const VEHICLE = /^[A-Za-z0-9]{8,32}$/;

async function find(text: string, signal: AbortSignal): Promise<readonly Hit[]> {
  const [campaigns, artifacts, vehicle] = await Promise.all([
    get<Page<Campaign>>('/v1/campaigns?limit=1000', signal),
    get<Page<Artifact>>('/v1/artifacts?limit=1000', signal),
    VEHICLE.test(text) ? get<Vehicle>(path`/v1/vehicles/${text}`, signal).catch(() => null) : null,
  ]);
  const wanted = text.toLowerCase();
  const has = (...texts: readonly string[]): boolean =>
    texts.some((one) => one.toLowerCase().includes(wanted));
  const hits: Hit[] = [];
  if (vehicle !== null) {
    const more = `${vehicle.brand} ${vehicle.model}, ${vehicle.region}`;
    hits.push({
      kind: 'Vehicle',
      name: vehicle.vin ?? vehicle.id,
      more,
      to: path`/vehicles/${vehicle.vin ?? vehicle.id}`,
    });
  }
  for (const { id, title, state } of campaigns.items)
    if (has(id, title)) hits.push({ kind: 'Campaign', name: title, more: state, to: path`/campaigns/${id}` });
  for (const { id, state, target } of artifacts.items)
    if (has(id, target.ecuType))
      hits.push({
        kind: 'Artifact',
        name: id,
        more: `${target.ecuType}, ${state}`,
        to: path`/artifacts/${id}`,
      });
  return hits.slice(0, MOST);
}

function useSlashKey(focus: () => void): void {
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent): void => {
      const { target } = event;
      const typing = target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      focus();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [focus]);
}

export function Search() {
  const input = useRef<HTMLInputElement>(null);
  const list = useId();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const [open, setOpen] = useState(false);
  const wanted = text.trim();
  const { data, isFetching } = useQuery({
    queryKey: ['search', wanted],
    queryFn: ({ signal }) => find(wanted, signal),
    enabled: open && wanted.length >= 2,
    staleTime: 10_000,
    gcTime: 30_000,
  });
  useSlashKey(() => input.current?.focus());
  const hits = data ?? [];
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
  const shown = open && wanted.length >= 2;
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
      {shown ? (
        <Results list={list} hits={hits} at={at} busy={isFetching} onPick={go} onPoint={setAt} />
      ) : null}
    </search>
  );
}

interface ResultsProps {
  readonly list: string;
  readonly hits: readonly Hit[];
  readonly at: number;
  readonly busy: boolean;
  readonly onPick: (hit: Hit) => void;
  readonly onPoint: (at: number) => void;
}

function Results({ list, hits, at, busy, onPick, onPoint }: ResultsProps) {
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
      {hits.length === 0 ? (
        <p className="small quiet">
          {busy ? 'Searching…' : 'Nothing found. Vehicles need the whole VIN or id.'}
        </p>
      ) : null}
    </div>
  );
}

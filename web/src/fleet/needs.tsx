/** What does not go on without somebody: approvals, starts, gates that hold, pauses, messages that count nowhere. */
import { useQuery } from '@tanstack/react-query';
import { get, path } from '../lib/api.ts';
import { Link } from '../lib/router.tsx';
import type { Campaign, DeadLetter, Page } from '../lib/types.ts';
import { Badge } from '../ui/badge.tsx';
import { Card } from '../ui/card.tsx';
import { TakeTable } from '../ui/copy.tsx';
import { Empty } from '../ui/states.tsx';
import { Ago } from '../ui/time.tsx';

interface Need {
  readonly key: string;
  readonly to: string;
  readonly title: string;
  readonly state: string;
  readonly why: string;
}

const WAITS = ['held', 'awaiting-confirmation', 'failed'];

function needsOf(campaign: Campaign): readonly Need[] {
  const { id, title, state, waves, authors, pause, plan } = campaign;
  const need = (of: string, why: string, to = path`/campaigns/${id}`): Need => ({
    key: `${id}/${of}/${why}`,
    to,
    title,
    state: of,
    why,
  });
  if (state === 'targets-frozen')
    return [need(state, `Approve the plan; not by ${authors.join(' or ')}`, path`/plan/${id}`)];
  if (state === 'approved') return [need(state, 'Start it')];
  if (state === 'targeting-defined' && plan?.status === 'failed')
    return [need('failed', `The freeze failed: ${plan.reason ?? ''}`, path`/plan/${id}`)];
  if (state === 'paused') return [need(state, pause?.reason ?? 'Resume or abort it')];
  if (state !== 'running') return [];
  return waves
    .filter((wave) => WAITS.includes(wave.state))
    .map((wave) => need(wave.state, `Wave ${wave.wave}: ${wave.gate?.reason ?? ''}`));
}

const HEAD = ['What', 'State', 'Why', 'Link'];

export function Needs({ campaigns }: { readonly campaigns: readonly Campaign[] }) {
  const letters = useQuery({
    queryKey: ['dead-letters', 'few'],
    queryFn: ({ signal }) => get<Page<DeadLetter>>('/v1/dead-letters?limit=5', signal),
    refetchInterval: 15_000,
  });
  const needs = campaigns.flatMap(needsOf);
  const dead = letters.data?.items ?? [];
  const rows = () => [
    ...needs.map(({ title, state, why, to }) => [title, state, why, window.location.origin + to]),
    ...dead.map(({ vehicleId, code, reason }) => [
      vehicleId,
      `message set aside: ${code}`,
      reason,
      window.location.origin + path`/vehicles/${vehicleId}`,
    ]),
  ];
  return (
    <Card title="Needs a person" flush aside={<TakeTable name="needs-a-person" head={HEAD} rows={rows} />}>
      {needs.length === 0 && dead.length === 0 ? (
        <div className="body">
          <Empty>Nothing waits for a person.</Empty>
        </div>
      ) : (
        <table className="table">
          <tbody>
            {needs.map((need) => (
              <NeedRow key={need.key} need={need} />
            ))}
            {dead.map((letter) => (
              <LetterRow key={letter.id} letter={letter} />
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}

function NeedRow({ need: { to, title, state, why } }: { readonly need: Need }) {
  return (
    <tr>
      <td>
        <div className="row">
          <Link to={to}>{title}</Link>
          <Badge state={state} />
        </div>
        <p className="small">{why}</p>
      </td>
    </tr>
  );
}

function LetterRow({ letter: { vehicleId, code, reason, at } }: { readonly letter: DeadLetter }) {
  return (
    <tr>
      <td>
        <div className="row">
          <Link to={path`/vehicles/${vehicleId}`} className="mono">
            {vehicleId}
          </Link>
          <Badge state="held" text={`Message set aside: ${code}`} />
          <span className="small quiet">
            <Ago at={at} />
          </span>
        </div>
        <p className="small">{reason}</p>
      </td>
    </tr>
  );
}

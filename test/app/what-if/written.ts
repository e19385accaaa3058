/** The log of a campaign that went as a re-run did: so that all between log and answer is the real thing. */

import type { Rerun } from '../../../src/app/what-if/rerun.ts';
import { ENDS } from '../../../src/app/what-if/vehicles.ts';
import type { CampaignPolicy } from '../../../src/domain/campaign/policy.ts';
import type { DomainEvent } from '../../../src/domain/events.ts';
import type { Phase } from '../../../src/domain/rollout/events.ts';
import { campaignStream, rolloutStream, targetsStream } from '../../../src/domain/shared/streams.ts';
import { Script } from '../../projections/campaign-script.ts';
import { begun, ID, SLICES, STARTED } from './made.ts';

const PLAN = '11111111-1111-4111-8111-111111111111';

interface Timed {
  readonly at: number;
  readonly stream: string;
  readonly event: DomainEvent;
}

/** One shard, no retries. @param ends ranks at which waves end. */
export async function written(made: Rerun, policy: CampaignPolicy, ends: readonly number[]): Promise<Script> {
  const script = new Script();
  const { vehicles } = made.flights;
  const rows = Array.from({ length: vehicles.count }, (_, row) => row);
  const waveOf = (row: number): number => 1 + ends.findIndex((end) => row < end);
  const at = { campaignId: ID, shard: 0, planId: PLAN };
  const stream = campaignStream(ID);
  const [created, defined, ...planned] = begun(policy, vehicles.count);
  for (const one of [created, defined]) if (one !== undefined) await script.append(stream, one.at, one.event);
  await script.append(
    targetsStream(ID, 0),
    STARTED,
    { type: 'TargetsOpened', data: { ...at, lastEventId: null } },
    {
      type: 'TargetsListed',
      data: {
        ...at,
        slices: SLICES.map((slice) => ({
          brand: 'X',
          variant: '',
          timeZone: 'UTC',
          hardware: 'H1',
          software: '1.0.0',
          ...slice,
        })),
        targets: rows.map((row) => [`V${row}`, waveOf(row), row, 0, vehicles.slice[row] ?? 0]),
      },
    },
    { type: 'TargetsClosed', data: { ...at, targets: vehicles.count, digest: 'a'.repeat(64) } },
  );
  const campaign = [...planned, ...made.happened].map(
    ({ at: when, event }): Timed => ({ at: when, stream, event }),
  );
  const all = [...campaign, ...rows.flatMap((row) => vehicleEvents(made, row, waveOf(row)))];
  for (const one of all.toSorted((a, b) => a.at - b.at)) await script.append(one.stream, one.at, one.event);
  return script;
}

function vehicleEvents({ flights }: Rerun, row: number, wave: number): Timed[] {
  const { vehicles, offeredAt, endedAt, end } = flights;
  const offered = offeredAt[row] ?? Number.NaN;
  const ended = endedAt[row] ?? Number.NaN;
  if (Number.isNaN(offered)) return [];
  const accepted = offered + (vehicles.accept_ms[row] ?? 0);
  const iso = (time: number): string => new Date(time).toISOString();
  const move = (from: Phase, to: Phase) => ({
    vehicleId: `V${row}`,
    wave,
    slice: vehicles.slice[row] ?? 0,
    attempt: 1,
    offer: 1,
    from,
    to,
  });
  const report = { epoch: { tcu: 't', reset: 0 }, seq: 1, sentAt: iso(offered) };
  const told = { report, receivedAt: iso(offered) } as const;
  const events: { at: number; event: unknown }[] = [
    {
      at: offered,
      event: {
        type: 'UpdateOffered',
        data: {
          ...move('waiting', 'offered'),
          at: iso(offered),
          validUntil: iso(offered + 1e7),
          vehicleRevision: 0,
        },
      },
    },
    {
      at: accepted,
      event: {
        type: 'UpdateAccepted',
        data: { ...move('offered', 'accepted'), ...told, deadline: iso(accepted + 1e7) },
      },
    },
  ];
  if (!Number.isNaN(ended) && ENDS[end[row] ?? 0] === 'failed')
    events.push({
      at: ended,
      event: {
        type: 'UpdateFailed',
        data: { ...move('accepted', 'failed'), ...told, code: 'c1', message: '', ecus: [], notBefore: null },
      },
    });
  else if (!Number.isNaN(ended))
    events.push({
      at: ended,
      event: { type: 'UpdateSucceeded', data: { ...move('accepted', 'succeeded'), ...told, ecus: [] } },
    });
  const stream = rolloutStream(ID, 0);
  return events.map(({ at, event }) => ({ at, stream, event: event as DomainEvent }));
}

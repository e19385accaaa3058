/** Reading what is on record of a campaign's vehicles: a page at a time, with a turn for others in between. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pagesOf } from '../export/pages.ts';
import type { ReadModelReader } from '../ports.ts';
import { slicesOf } from '../target-slices.ts';
import { type AssignmentDocument, readCourse } from './courses.ts';
import { type EngineSpeed, speedOf } from './engine-speed.ts';
import { estimate } from './estimate.ts';
import type { Timeline } from './timeline.ts';
import { inTurns } from './turns.ts';
import { Unsettleds } from './unsettled.ts';
import { emptyVehicles, type Vehicles } from './vehicles.ts';

export interface CampaignRecord {
  readonly vehicles: Vehicles;
  readonly speed: EngineSpeed;
  /** What was recorded later is not in it, milliseconds since 1970. */
  readonly asOf: number;
}

const NOWHERE = { model: '', region: '', timeZone: '' };

/** The read model does not have all targets (yet): ask again. */
export class RecordIncompleteError extends Error {
  override readonly name = 'RecordIncompleteError';
}

/**
 * @param targets of the frozen list.
 * @param now milliseconds since 1970.
 * @throws RecordIncompleteError
 */
export async function readRecord(
  reader: ReadModelReader,
  campaignId: string,
  targets: number,
  timeline: Timeline,
  now: number,
): Promise<CampaignRecord> {
  const vehicles = emptyVehicles(targets);
  const names = { slices: new Map<string, number>(), zones: new Map<string, number>() };
  const unsettled = new Unsettleds(targets);
  const seen = new Uint8Array(targets);
  let found = 0;
  for await (const page of pagesOf<AssignmentDocument>(reader, 'assignments', { campaignId })) {
    const sliceOf = await slicesOf(reader, page);
    for (const document of page) {
      const { rank } = document;
      const { model, region, timeZone } = sliceOf(document) ?? NOWHERE;
      if (rank >= targets || seen[rank] === 1) continue;
      seen[rank] = 1;
      found += 1;
      vehicles.slice[rank] = numberOf(names.slices, `${model}\u0000${region}`, () =>
        vehicles.slices.push({ model, region }),
      );
      vehicles.zone[rank] = numberOf(names.zones, timeZone, () => vehicles.zones.push(timeZone));
      const open = readCourse(vehicles, rank, document, timeline.pauses, now);
      if (open !== null) unsettled.add(open);
    }
    await nextTurn();
  }
  if (found < targets)
    throw new RecordIncompleteError(`${found} of ${targets} targets of ${campaignId} are in the read model`);
  await inTurns(estimate(vehicles, unsettled));
  return { vehicles, speed: speedOf(vehicles, timeline), asOf: now };
}

function numberOf(names: Map<string, number>, name: string, add: () => void): number {
  const known = names.get(name);
  if (known !== undefined) return known;
  const number = names.size;
  names.set(name, number);
  add();
  return number;
}

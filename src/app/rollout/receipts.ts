/** Receipts: exactly the seqs that are safe, one message per vehicle and epoch (DESIGN §4.1). */
import type { ReportSource, TcuEpoch } from '../../domain/vehicle/events.ts';
import type { DownMessage } from '../ports.ts';

/** Ranges that one receipt may have. */
const MAX_RANGES = 1000;

interface Pile {
  readonly vehicleId: string;
  readonly epoch: TcuEpoch;
  readonly seqs: number[];
}

const encoder = new TextEncoder();

export function receiptsFor(
  safe: Iterable<{ readonly vehicleId: string; readonly source: ReportSource }>,
): DownMessage[] {
  const piles = new Map<string, Pile>();
  for (const { vehicleId, source } of safe) {
    const key = `${vehicleId} ${source.epoch.tcu} ${source.epoch.reset}`;
    const pile = piles.get(key);
    if (pile === undefined) piles.set(key, { vehicleId, epoch: source.epoch, seqs: [source.seq] });
    else pile.seqs.push(source.seq);
  }
  return [...piles.values()].flatMap(({ vehicleId, epoch, seqs }) => {
    const ranges = rangesOf(seqs);
    const messages: DownMessage[] = [];
    for (let from = 0; from < ranges.length; from += MAX_RANGES) {
      const receipt = { v: 1, epoch, seqs: ranges.slice(from, from + MAX_RANGES) };
      messages.push({ vehicleId, topic: 'receipt', payload: encoder.encode(JSON.stringify(receipt)) });
    }
    return messages;
  });
}

/** Inclusive ranges that hold exactly these numbers. */
export function rangesOf(seqs: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const seq of seqs.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && seq <= last[1] + 1) last[1] = seq;
    else ranges.push([seq, seq]);
  }
  return ranges;
}

import type { Position } from '../../app/ports.ts';
import { EventStoreError } from './errors.ts';

const WIDTH = 16;

/** Number of an event in the log (from 1) as a position: 16 hexadecimal digits, so byte order is log order. */
export const toPosition = (sequence: number): Position =>
  sequence === 0 ? '' : sequence.toString(16).padStart(WIDTH, '0');

/**
 * The number behind a position; START is 0.
 * @throws EventStoreError 'invalid-request' when it is not a position of this kind of log.
 */
export function fromPosition(position: Position): number {
  if (position === '') return 0;
  if (!/^[0-9a-f]{16}$/.test(position))
    throw new EventStoreError('invalid-request', `not a position of this log: ${JSON.stringify(position)}`);
  return Number.parseInt(position, 16);
}

/** Places in `$all`: a commit and a prepare position, as one string whose byte order is their order. */
import { type Position, START } from '../../../app/ports.ts';
import { EventStoreError } from '../errors.ts';

export interface AllPosition {
  readonly commit: bigint;
  readonly prepare: bigint;
}

const DIGITS = 16;
const RADIX = 16;
/** How the server writes "no position" in an unsigned field. */
const NO_POSITION = '18446744073709551615';

/** Commit and prepare position in 16 hexadecimal digits each. */
export const toPosition = ({ commit, prepare }: AllPosition): Position => hex(commit) + hex(prepare);

/** From the two fields of a message; null where the server says that it does not know. */
export function positionOfFields(commit: string, prepare: string): Position | null {
  if (commit === NO_POSITION || prepare === NO_POSITION) return null;
  const first = hex(BigInt(commit));
  return first + (commit === prepare ? first : hex(BigInt(prepare)));
}

/** @throws EventStoreError 'invalid-request' when it is not a position of this kind of log; START has none. */
export function fromPosition(position: Position): AllPosition {
  if (!/^[0-9a-f]{32}$/.test(position))
    throw new EventStoreError('invalid-request', `not a position of this log: ${JSON.stringify(position)}`);
  return {
    commit: BigInt(`0x${position.slice(0, DIGITS)}`),
    prepare: BigInt(`0x${position.slice(DIGITS)}`),
  };
}

/** @throws EventStoreError 'invalid-request' when it is neither START nor a position of this kind of log. */
export function checkPosition(position: Position): void {
  if (position !== START) fromPosition(position);
}

const hex = (value: bigint): string => value.toString(RADIX).padStart(DIGITS, '0');

/** Whether something that was kept about the log is about this one. */
import { type Position, START } from './ports/event-store.ts';

/**
 * Whether a position that was kept is not of this log: the log was put back to an older copy, and what lies beyond it
 * has never happened; or it was moved to another engine, whose positions have another width.
 */
export const isElsewhere = (kept: Position, head: Position): boolean =>
  kept !== START && (kept > head || kept.length !== head.length);

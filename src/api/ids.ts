import { v7 } from 'uuid';

/** Correlation id of a request: time-ordered, so logs and events of one time lie together. */
export const uuidv7 = (): string => v7();

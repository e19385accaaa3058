import { realpathSync } from 'node:fs';

/** Name of the channel on which the writer of a log tells other threads of this process that it has grown. */
export const growthChannel = (path: string): string => `fleetwave-log:${realpathSync(path)}`;

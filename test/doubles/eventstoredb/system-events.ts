/** Events of the server's own, which everyone who reads $all meets: some in a new log, and statistics at each start. */
import { randomUUID } from 'node:crypto';
import type { AppendRequest } from './event-log.ts';
import { EXPECTED } from './stored-event.ts';

const NOTHING = new Uint8Array(0);

const systemEvent = (stream: string, type: string, data: unknown): AppendRequest => ({
  stream,
  expected: EXPECTED.any,
  events: [
    {
      id: randomUUID(),
      type,
      isJson: true,
      data: Buffer.from(JSON.stringify(data)),
      metadata: NOTHING,
    },
  ],
});

export const statistics = (): AppendRequest =>
  systemEvent('$stats-127.0.0.1:2113', '$statsCollected', { 'proc-id': process.pid });

/** What the server writes when it starts; more when the log is new. */
export function systemEvents(newLog: boolean): AppendRequest[] {
  if (!newLog) return [statistics()];
  return [
    systemEvent('$$$stats-127.0.0.1:2113', '$metadata', { $maxAge: 86_400 }),
    statistics(),
    systemEvent('$$$users', '$metadata', { $acl: { $r: '$all', $w: '$admins' } }),
    systemEvent('$user-admin', '$UserCreated', { LoginName: 'admin', Groups: ['$admins'] }),
    systemEvent('$users', '$User', 'admin'),
    systemEvent('$user-ops', '$UserCreated', { LoginName: 'ops', Groups: ['$ops'] }),
    systemEvent('$users', '$User', 'ops'),
    systemEvent('$projections-$all', '$ProjectionsInitialized', {}),
  ];
}

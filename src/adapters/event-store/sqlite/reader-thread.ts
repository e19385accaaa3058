/** The thread that reads: history does not stall appends, and each step is short so that readers take turns. */
import { parentPort, workerData } from 'node:worker_threads';
import { EventStoreError, messageOf } from '../errors.ts';
import { LogReader } from './log-reader.ts';
import { LogVerifier } from './log-verifier.ts';
import { type Numbered, READY_ID, type ReaderCall, type Reply } from './messages.ts';
import { openReader } from './schema.ts';

/** Answers leave together, but the first of them do not wait longer for the last. */
const REPLY_WITHIN_MS = 5;

function main(port: NonNullable<typeof parentPort>): void {
  const { path } = workerData as { readonly path: string };
  let db: ReturnType<typeof openReader>;
  try {
    db = openReader(path);
  } catch (error) {
    const code = error instanceof EventStoreError ? error.code : 'no-log';
    port.postMessage([{ id: READY_ID, ok: false, code, message: messageOf(error) } satisfies Reply]);
    port.close();
    return;
  }
  const reader = new LogReader(db);
  const verifier = new LogVerifier(db);

  const answer = (call: ReaderCall): unknown => {
    switch (call.kind) {
      case 'scan':
        return reader.scan(call.request);
      case 'stream':
        return reader.streamPage(call.request);
      case 'appends':
        return reader.appends(call.request);
      case 'stream-appends':
        return reader.streamAppends(call.request);
      case 'streams':
        return reader.streams(call.names);
      case 'verify':
        return verifier.step(call.cursor);
      case 'close':
        db.close();
        return null;
    }
  };

  const reply = ({ id, call }: Numbered<ReaderCall>): Reply => {
    try {
      return { id, ok: true, value: answer(call) };
    } catch (error) {
      return { id, ok: false, code: 'read-failed', message: `reading the log failed: ${messageOf(error)}` };
    }
  };

  port.on('message', (calls: readonly Numbered<ReaderCall>[]) => {
    let replies: Reply[] = [];
    let since = performance.now();
    for (const call of calls) {
      replies.push(reply(call));
      if (performance.now() - since < REPLY_WITHIN_MS) continue;
      port.postMessage(replies);
      replies = [];
      since = performance.now();
    }
    if (replies.length > 0) port.postMessage(replies);
    if (calls.some(({ call }) => call.kind === 'close')) port.close();
  });
  port.postMessage([{ id: READY_ID, ok: true, value: null } satisfies Reply]);
}

if (parentPort !== null) main(parentPort);

/** The real writer, in a thread that dies before it applies an append to a stream `poison`. */
import { parentPort } from 'node:worker_threads';
import type { Numbered, WriterCall } from '../../../../src/adapters/event-store/sqlite/messages.ts';

parentPort?.on('message', ({ call }: Numbered<WriterCall>) => {
  if (call.kind === 'append' && call.batch.streams.includes('poison')) process.exit(1);
});
await import('../../../../src/adapters/event-store/sqlite/writer-thread.ts');

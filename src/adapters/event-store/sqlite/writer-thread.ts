/**
 * The one thread that writes. Group commit: whatever has arrived while a transaction was being committed goes
 * into the next one together, so many callers share one fsync.
 */
import {
  BroadcastChannel,
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from 'node:worker_threads';
import { EventStoreError, messageOf } from '../errors.ts';
import { growthChannel } from './growth.ts';
import { LogWriter } from './log-writer.ts';
import { type AppendBatch, type Numbered, READY_ID, type Reply, type WriterCall } from './messages.ts';
import { openWriter, type WriterOptions } from './schema.ts';

/** Bytes of appends in one transaction: bounds the WAL's growth and how long a single caller waits. */
const MAX_COMMIT_BYTES = 16_777_216;

function main(port: MessagePort): void {
  const options = workerData as WriterOptions;
  let opened: ReturnType<typeof openWriter>;
  let writer: LogWriter;
  try {
    opened = openWriter(options);
    writer = new LogWriter(opened.db);
  } catch (error) {
    const code = error instanceof EventStoreError ? error.code : 'no-log';
    port.postMessage([{ id: READY_ID, ok: false, code, message: messageOf(error) } satisfies Reply]);
    port.close();
    return;
  }
  const growth = new BroadcastChannel(growthChannel(options.path));

  const commit = (calls: readonly { readonly id: number; readonly batch: AppendBatch }[]): void => {
    let replies: Reply[];
    const before = writer.head;
    try {
      const values = writer.commit(calls.map((call) => call.batch));
      replies = calls.map((call, index) => ({ id: call.id, ok: true, value: values[index] }));
    } catch (error) {
      const message = `nothing was recorded: ${messageOf(error)}`;
      replies = calls.map((call) => ({ id: call.id, ok: false, code: 'commit-failed', message }));
    }
    port.postMessage(replies);
    if (writer.head > before) growth.postMessage(writer.head);
  };

  const close = (id: number): void => {
    growth.close();
    opened.db.close();
    opened.lock.close();
    port.postMessage([{ id, ok: true, value: null } satisfies Reply]);
    port.close();
  };

  port.on('message', (first: Numbered<WriterCall>) => {
    const group: { id: number; batch: AppendBatch }[] = [];
    let bytes = 0;
    let next: Numbered<WriterCall> | undefined = first;
    while (next?.call.kind === 'append') {
      group.push({ id: next.id, batch: next.call.batch });
      bytes += next.call.batch.bytes.length;
      next = bytes < MAX_COMMIT_BYTES ? received(port) : undefined;
    }
    if (group.length > 0) commit(group);
    if (next?.call.kind === 'close') close(next.id);
  });
  port.postMessage([{ id: READY_ID, ok: true, value: writer.head } satisfies Reply]);
}

/** What has arrived already; undefined when nothing has. */
const received = (port: MessagePort): Numbered<WriterCall> | undefined =>
  receiveMessageOnPort(port)?.message as Numbered<WriterCall> | undefined;

if (parentPort !== null) main(parentPort);

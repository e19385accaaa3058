/** A document store that is away for a while: bounded waiting, one word when it goes and one when it comes. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunningEngine } from '../../../../scripts/engines/engine.ts';
import { openMongoReader } from '../../../../src/adapters/read-model/mongodb/mongo-reader.ts';
import { openMongoReadModel } from '../../../../src/adapters/read-model/mongodb/mongo-writer.ts';
import {
  type Log,
  ReadModelFencedError,
  ReadModelUnavailableError,
  type ReadModelWriter,
} from '../../../../src/app/ports.ts';
import { recipe, serverDirectory } from '../../../support/engines.ts';
import { freeze } from '../../../support/freeze.ts';

const at = (n: number): string => n.toString(16).padStart(16, '0');
const collections = [{ name: 'cars', indexes: ['model'] }];
const write = (writer: ReadModelWriter, n: number) =>
  writer.write('garage@1', {
    puts: [{ collection: 'cars', id: `c${n}`, model: 'A', position: at(n) }],
    deletes: [],
    checkpoint: at(n),
  });

describe('read models in a document store that goes away', () => {
  const documents = recipe('documents');
  let server: RunningEngine;
  let directory: string;
  let lines: string[];
  const log: Log = (level, message) => lines.push(`${level} ${message}`);
  const closing: (() => Promise<void>)[] = [];
  beforeEach(async () => {
    lines = [];
    directory = serverDirectory('documents');
    await documents.install(() => {});
    server = await documents.start({ directory });
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
    await server.stop();
  });

  const openWriter = async (retry_ms: number) => {
    const options = { url: server.url, log, select_ms: 300, answer_ms: 2000, retry_ms };
    const writer = await openMongoReadModel(options);
    closing.push(() => writer.close());
    await writer.prepare('garage@1', collections);
    return writer;
  };
  const restart = async (): Promise<void> => {
    server = await documents.start({ directory });
  };
  const gone = async (): Promise<void> => {
    server.kill('SIGKILL');
    await server.stop();
  };

  it('are written once it is back, and nothing is lost by a kill', async () => {
    const writer = await openWriter(60_000);
    await write(writer, 1);
    await gone();
    const writing = write(writer, 2);
    await expect.poll(() => writer.stats()['retries'], { timeout: 10_000 }).toBeGreaterThan(1);
    expect(writer.stats()['lost']).toBe(1);
    await restart();
    await writing;
    expect(await writer.checkpoint('garage@1')).toBe(at(2));
    expect((await writer.find('cars', { limit: 10 })).items.map(({ id }) => id)).toEqual(['c1', 'c2']);
    expect(writer.stats()).toMatchObject({ lost: 0, losses: 1 });
    expect(lines).toEqual([
      expect.stringMatching(/^warn MongoDB at 127.0.0.1:\d+ does not answer/),
      expect.stringMatching(/^info MongoDB at 127.0.0.1:\d+ answers again/),
    ]);
  }, 60_000);

  it('fail for readers at once, and answer again by themselves', async () => {
    const writer = await openWriter(60_000);
    await write(writer, 1);
    const reader = await openMongoReader({ url: server.url, log, select_ms: 300, answer_ms: 2000 });
    closing.push(() => reader.close());
    expect(await reader.get('cars', 'c1')).toMatchObject({ id: 'c1' });
    await gone();
    for (let n = 0; n < 3; n++)
      await expect(reader.get('cars', 'c1')).rejects.toThrow(ReadModelUnavailableError);
    await restart();
    await expect
      .poll(() => reader.get('cars', 'c1').catch(() => null), { timeout: 10_000 })
      .toMatchObject({ id: 'c1' });
    expect(reader.stats()).toMatchObject({ lost: 0, losses: 1 });
    expect(lines).toHaveLength(2);
  }, 60_000);

  it('end a writer that has waited for as long as it may; another goes on from what is stored', async () => {
    const writer = await openWriter(500);
    await write(writer, 1);
    await gone();
    await expect(write(writer, 2)).rejects.toThrow(ReadModelUnavailableError);
    await restart();
    // What was stored of the batch, it does not know: the projector begins at the checkpoint again.
    await expect(write(writer, 2)).rejects.toThrow(ReadModelFencedError);
    await expect(writer.get('cars', 'c1')).rejects.toThrow(/prepare it again/);
    await writer.prepare('garage@1', collections);
    expect(await writer.checkpoint('garage@1')).toBe(at(1));
    await write(writer, 2);
    expect(await writer.count('cars')).toBe(2);
  }, 60_000);

  it('do not wait longer than they may for a server that says nothing', async () => {
    const writer = await openWriter(0);
    await freeze(server);
    await expect(write(writer, 1)).rejects.toThrow(ReadModelUnavailableError);
    server.kill('SIGCONT');
  }, 60_000);

  it.each(['SIGSTOP', 'SIGKILL'] as const)(
    'let go of a write when they are closed (%s)',
    async (signal) => {
      const options = { url: server.url, log, select_ms: 60_000, answer_ms: 60_000, retry_ms: 600_000 };
      const writer = await openMongoReadModel(options);
      await writer.prepare('garage@1', collections);
      if (signal === 'SIGSTOP') await freeze(server);
      else server.kill(signal);
      const outcome = write(writer, 1).then(
        () => null,
        (error: unknown) => error,
      );
      if (signal === 'SIGKILL') await expect.poll(() => writer.stats()['lost'], { timeout: 10_000 }).toBe(1);
      await writer.close();
      expect(await outcome).toBeInstanceOf(Error);
      server.kill('SIGCONT');
    },
    20_000,
  );

  it('are an error that names the setting when there is no server to begin with', async () => {
    await gone();
    const options = { url: server.url, log, select_ms: 200, retry_ms: 0 };
    await expect(openMongoReadModel(options)).rejects.toThrow(/FLEETWAVE_MONGODB/);
    await expect(openMongoReader(options)).rejects.toThrow(ReadModelUnavailableError);
    await expect(openMongoReader({ ...options, url: 'mongodb://127.0.0.1:1' })).rejects.toThrow(
      /names no database/,
    );
    await restart();
  }, 60_000);
});

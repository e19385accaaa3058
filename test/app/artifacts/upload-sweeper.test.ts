import { expect, it } from 'vitest';
import { startUploadSweeper } from '../../../src/app/artifacts/upload-sweeper.ts';

it('what has expired is swept at a start and again, and a store that is away does not end that', async () => {
  const answers: (() => Promise<number>)[] = [
    async () => 2,
    () => Promise.reject(new Error('away')),
    async () => 0,
  ];
  const said: string[] = [];
  const done = Promise.withResolvers<void>();
  const sweeper = startUploadSweeper({
    uploads: {
      sweep: () => {
        const next = answers.shift();
        if (answers.length === 0) done.resolve();
        return next?.() ?? Promise.resolve(0);
      },
    },
    clock: { now: Date.now, sleep: (_ms, signal) => (signal?.aborted ? Promise.resolve() : tick()) },
    log: (level, message) => said.push(`${level}: ${message}`),
  });
  await done.promise;
  await tick();
  sweeper.stop();
  expect(said).toEqual([
    'info: uploads that had expired were removed',
    'warn: uploads that have expired could not be removed',
  ]);
});

it('a store that does not answer does not hold up the end', async () => {
  const said: string[] = [];
  const { promise, reject } = Promise.withResolvers<number>();
  const sweeper = startUploadSweeper({
    uploads: { sweep: () => promise },
    clock: { now: Date.now, sleep: tick },
    log: (level) => said.push(level),
  });
  sweeper.stop();
  reject(new Error('closed'));
  await tick();
  expect(said).toEqual([]);
});

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

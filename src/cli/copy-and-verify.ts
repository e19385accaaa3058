/** Copies one log into another and proves that they are equal, or only compares them; shows how far it is. */
import { agrees, compareLogs } from '../app/copy/compare-logs.ts';
import { type CopyProgress, copyLog } from '../app/copy/copy-log.ts';
import type { EventStore, Position, VerifyProgress } from '../app/ports.ts';
import { type LogSpec, openEventLog, openLogReader } from '../main/engines/event-log.ts';
import type { Report } from './copy-report.ts';
import { fractionOf, labelOf } from './log-address.ts';
import { startProgress } from './progress.ts';
import { sayOnStderr } from './say.ts';

type Readable = Pick<EventStore, 'appends' | 'head' | 'verify' | 'close'>;
type Problems = VerifyProgress['problems'];

/** A log, and the flag or setting that named it. */
export interface NamedLog {
  readonly spec: LogSpec;
  readonly name: string;
}

/** SQLite takes the appends of a call in one transaction; EventStoreDB takes each alone. */
const PER_CALL = { sqlite: 1000, eventstoredb: 1 } as const;

/** @throws CopyError when it can't go on, ConfigError or EventStoreError when a log can't be opened. */
export async function copyAndVerify(from: NamedLog, to: NamedLog, verifyOnly = false): Promise<Report> {
  const source = await openLogReader(from.spec, sayOnStderr, from.name);
  try {
    const head = await source.head();
    if (verifyOnly) {
      const target = await openLogReader(to.spec, sayOnStderr, to.name);
      return await closing(target, () =>
        verifyCopy(from.spec, to.spec, { source, target, until: head, copied: null }),
      );
    }
    const { store: target } = await openEventLog(to.spec, sayOnStderr, to.name);
    return await closing(target, async () => {
      const progress = startProgress('copying');
      const copied = await copyLog({
        source,
        target,
        perCall: PER_CALL[to.spec.kind],
        onProgress: ({ position, held, copied: written }) =>
          progress.at(fractionOf(position, head), `${held + written} appends, ${held} of them were there`),
      }).finally(() => progress.end());
      return await verifyCopy(from.spec, to.spec, { source, target, until: copied.position, copied });
    });
  } finally {
    await source.close();
  }
}

async function closing<T>(store: Readable, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await store.close();
  }
}

interface Copied {
  readonly source: Readable;
  readonly target: Readable;
  readonly until: Position;
  readonly copied: CopyProgress | null;
}

/** Equal hashes in equal order, and on each side hashes that belong to what is stored there. */
async function verifyCopy(
  from: LogSpec,
  to: LogSpec,
  { source, target, until, copied }: Copied,
): Promise<Report> {
  const progress = startProgress('comparing');
  const comparison = await compareLogs(source, target, {
    until,
    onProgress: (position, appends) => progress.at(fractionOf(position, until), `${appends} appends`),
  }).finally(() => progress.end());
  const problems = {
    source: await chainProblems(source, 'hashing the source', comparison.source.appends),
    target: await chainProblems(target, 'hashing the target', comparison.target.appends),
  };
  const whole = problems.source.length + problems.target.length === 0;
  return {
    ok: agrees(comparison) && whole,
    from: labelOf(from),
    to: labelOf(to),
    copied: copied?.copied ?? null,
    held: copied?.held ?? null,
    ...comparison,
    problems,
    sourceHasGrown: (await source.head()) > until,
  };
}

async function chainProblems(store: Readable, what: string, appends: number): Promise<Problems> {
  const progress = startProgress(what);
  let problems: Problems = [];
  try {
    for await (const step of store.verify()) {
      problems = step.problems;
      progress.at(Math.min(1, step.appends / Math.max(1, appends)), `${step.appends} appends`);
    }
  } finally {
    progress.end();
  }
  return problems;
}

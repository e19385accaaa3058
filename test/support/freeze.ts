/** SIGSTOP that is waited for: the signal is only on its way when `kill` returns, and threads go on until it is there. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

interface Freezable {
  readonly pid?: number | undefined;
  kill(signal: NodeJS.Signals): unknown;
}

const PATIENCE_MS = 10_000;

/** Stops every thread of a process, until SIGCONT. @throws when one still runs after 10 s. */
export async function freeze(target: Freezable): Promise<void> {
  const { pid } = target;
  if (pid === undefined) throw new Error('there is no process to freeze');
  target.kill('SIGSTOP');
  // Where /proc is missing, half a second has to do.
  if (process.platform !== 'linux') return sleep(500);
  for (const end = Date.now() + PATIENCE_MS; !threadsOf(pid).every((state) => state === 'T'); await sleep(2))
    if (Date.now() > end) throw new Error(`process ${pid} does not stop`);
}

function threadsOf(pid: number): string[] {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).flatMap((thread) => {
    try {
      const stat = readFileSync(`${tasks}/${thread}/stat`, 'utf8');
      return [stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3)];
    } catch {
      return []; // A thread that has just ended.
    }
  });
}

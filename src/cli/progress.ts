/** How far a long command has got: a bar on a terminal, a line now and then elsewhere; always on stderr. */
import { SingleBar } from 'cli-progress';

const LINE_EVERY_MS = 5000;
const SCALE = 1000;

export interface Progress {
  /** @param fraction 0..1, or null when nobody knows @param detail what was done so far. */
  at(fraction: number | null, detail: string): void;
  end(): void;
}

export const startProgress = (what: string): Progress => (process.stderr.isTTY ? barOf(what) : linesOf(what));

function barOf(what: string): Progress {
  const bar = new SingleBar({
    format: `${what} {bar} {percentage}% | {detail} | {eta_formatted} left`,
    clearOnComplete: true,
    etaBuffer: 100,
  });
  bar.start(SCALE, 0, { detail: '' });
  return {
    at: (fraction, detail) => bar.update(Math.round((fraction ?? 0) * SCALE), { detail }),
    end: () => bar.stop(),
  };
}

function linesOf(what: string): Progress {
  let last = performance.now();
  return {
    at(fraction, detail) {
      const now = performance.now();
      if (now - last < LINE_EVERY_MS) return;
      last = now;
      const share = fraction === null ? '' : `${Math.round(fraction * 100)}%, `;
      console.error(`${what}: ${share}${detail}`);
    },
    end: () => undefined,
  };
}

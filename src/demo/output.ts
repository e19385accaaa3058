/** What people see: lines, a bar on a terminal, and the closing table. */
import { MultiBar, Presets } from 'cli-progress';
import type { Progress } from './run-campaign.ts';

export interface Output {
  /** One step of the story. */
  say(line: string): void;
  /** Redraws the bars, or now and then writes a line. */
  show(progress: Progress): void;
  /** Leaves the bars as they are; what follows goes below. */
  endBars(): void;
}

const LINE_EVERY_MS = 3000;

const waveText = ({ waves }: Progress): string =>
  waves.map(({ name, state, succeeded, targets }) => `${name} ${succeeded}/${targets} ${state}`).join(', ');

/** Bars only on a terminal; otherwise a line every few seconds. */
export function createOutput(stream: NodeJS.WriteStream): Output {
  const started = Date.now();
  const stamp = (): string => `${((Date.now() - started) / 1000).toFixed(1).padStart(5)} s  `;
  let bars: MultiBar | null = null;
  let bar: ReturnType<MultiBar['create']> | null = null;
  let lastLine = 0;
  let lastText = '';

  const draw = (progress: Progress): void => {
    const payload = { failed: progress.failed, waves: waveText(progress) };
    const done = progress.targets - progress.pending;
    if (bar === null) {
      const format = '         [{bar}] {percentage}% | {value}/{total} done, {failed} failed | {waves}';
      bars = new MultiBar({ format, stream, hideCursor: true, barsize: 30 }, Presets.shades_classic);
      bar = bars.create(progress.targets, done, payload);
    } else bar.update(done, payload);
  };
  return {
    say(line) {
      stream.write(`${stamp()}${line}\n`);
    },
    show(progress) {
      if (stream.isTTY) {
        draw(progress);
        return;
      }
      const { succeeded, failed, pending } = progress;
      const text = `${succeeded} updated, ${failed} failed, ${pending} to go (${waveText(progress)})`;
      const first = lastLine === 0 && succeeded > 0;
      if (text === lastText || (!first && Date.now() - lastLine < LINE_EVERY_MS)) return;
      if (succeeded > 0) lastLine = Date.now();
      lastText = text;
      this.say(text);
    },
    endBars() {
      bars?.stop();
      bars = null;
    },
  };
}

/** Columns as wide as their widest cell; the first to the left, numbers to the right. */
export function table(rows: readonly (readonly (string | number)[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, String(cell).length);
  const line = (row: readonly (string | number)[]): string =>
    row
      .map((cell, i) =>
        i === 0 ? String(cell).padEnd(widths[i] ?? 0) : String(cell).padStart(widths[i] ?? 0),
      )
      .join('  ');
  const [head, ...body] = rows;
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [head === undefined ? '' : line(head), rule, ...body.map(line)].join('\n');
}

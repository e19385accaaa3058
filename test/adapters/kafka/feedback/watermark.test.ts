import { describe, expect, it } from 'vitest';
import { Watermark } from '../../../../src/adapters/kafka/feedback/watermark.ts';

const S = 1000;
/** A mark of each sink every second; its bridge has produced everything. */
function mark(watermark: Watermark, from_s: number, to_s: number, ...sinks: string[]): void {
  for (let at = from_s; at <= to_s; at++)
    for (const sink of sinks) watermark.processed({ sink, until_ms: at * S }, at * S);
}

describe('the watermark of a shard', () => {
  it('is 0 before the first mark', () => {
    expect(new Watermark().value_ms).toBe(0);
  });

  it('follows the mark of the only bridge', () => {
    const watermark = new Watermark();
    mark(watermark, 100, 110, 'a');
    expect(watermark.value_ms).toBe(110 * S);
  });

  it('is that of the bridge that is furthest behind', () => {
    const watermark = new Watermark();
    mark(watermark, 100, 110, 'a', 'b');
    watermark.processed({ sink: 'b', until_ms: 104 * S }, 111 * S);
    expect(watermark.value_ms).toBe(104 * S);
    watermark.processed({ sink: 'a', until_ms: 112 * S }, 112 * S);
    expect(watermark.value_ms).toBe(104 * S);
  });

  it('waits for a silent bridge for a minute, then goes on without it', () => {
    const watermark = new Watermark();
    mark(watermark, 100, 110, 'a', 'b');
    mark(watermark, 111, 169, 'a');
    expect(watermark.value_ms).toBe(110 * S);
    mark(watermark, 170, 170, 'a');
    expect(watermark.value_ms).toBe(170 * S);
  });

  it('goes back for a bridge that comes and is behind', () => {
    const watermark = new Watermark();
    mark(watermark, 100, 110, 'a');
    watermark.processed({ sink: 'b', until_ms: 90 * S }, 110 * S);
    expect(watermark.value_ms).toBe(90 * S);
  });

  it('stands still for a while after a gap, so that what vehicles kept comes first', () => {
    const watermark = new Watermark();
    mark(watermark, 100, 110, 'a');
    mark(watermark, 150, 179, 'a');
    expect(watermark.value_ms).toBe(110 * S);
    mark(watermark, 180, 180, 'a');
    expect(watermark.value_ms).toBe(180 * S);
  });

  it('does not take a short silence for a gap', () => {
    const watermark = new Watermark();
    mark(watermark, 100, 110, 'a');
    mark(watermark, 125, 125, 'a');
    expect(watermark.value_ms).toBe(125 * S);
  });

  it('stands from the last of two gaps on', () => {
    const watermark = new Watermark();
    mark(watermark, 100, 110, 'a');
    mark(watermark, 150, 155, 'a');
    mark(watermark, 175, 204, 'a');
    expect(watermark.value_ms).toBe(110 * S);
    mark(watermark, 205, 205, 'a');
    expect(watermark.value_ms).toBe(205 * S);
  });
});

import { describe, expect, it } from 'vitest';
import type { Ecu } from '../../web/src/lib/types.ts';
import { compared } from '../../web/src/vehicle/compare-ecus.ts';

const ecu = (type: string, softwareVersion: string, more: Partial<Ecu> = {}): Ecu => ({
  type,
  position: '',
  serial: 'S1',
  hardware: { part: 'P', version: '1' },
  components: [{ name: 'main', softwareVersion }],
  ...more,
});

describe('ECUs of two moments', () => {
  it('are shown as they are without a comparison', () => {
    const [only] = compared([ecu('DOOR', '1.0.0', { position: 'left' })], null);
    expect(only).toEqual({
      ecu: 'DOOR left',
      hardware: 'P 1',
      component: 'main',
      software: '1.0.0',
      before: null,
      change: null,
    });
  });

  it('differ where software, hardware or the ECU itself is another one', () => {
    const before = [ecu('A', '1.0.0'), ecu('B', '1.0.0'), ecu('C', '1.0.0'), ecu('D', '1.0.0')];
    const now = [
      ecu('A', '1.0.0'),
      ecu('B', '2.0.0'),
      ecu('C', '1.0.0', { serial: 'S2' }),
      ecu('E', '3.0.0'),
    ];
    expect(
      compared(now, before).map(({ ecu: of, software, before: was, change }) => [of, software, was, change]),
    ).toEqual([
      ['A', '1.0.0', '1.0.0', null],
      ['B', '2.0.0', '1.0.0', 'other-version'],
      ['C', '1.0.0', '1.0.0', 'other-hardware'],
      ['E', '3.0.0', null, 'new'],
      ['D', null, '1.0.0', 'gone'],
    ]);
  });
});

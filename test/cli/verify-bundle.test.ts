import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openWorld, PART, VEHICLE } from '../app/evidence/world.ts';
import { directory, run } from './support.ts';

describe('fleetwave verify --bundle', () => {
  it('needs no server and no log, and its exit code tells', async () => {
    const { evidence, keys } = await openWorld();
    const place = directory();
    const file = (name: string, text: string): string => {
      writeFileSync(join(place, name), text);
      return join(place, name);
    };
    const bundle = JSON.stringify(await evidence.ofVehicle(VEHICLE, VEHICLE, [PART]));
    const known = file('keys.json', keys);
    const good = await run(['verify', '--bundle', file('good.json', bundle), '--keys', known]);
    expect(good).toMatchObject({ code: 0, out: expect.stringContaining('It is as it was made.') });
    const bad = file('bad.json', bundle.replace('"wave":1', '"wave":2'));
    const found = await run(['verify', '--bundle', bad, '--keys', known, '--json']);
    expect(found.code).toBe(1);
    expect(JSON.parse(found.out).problems[0]).toMatch(/the signature by .* does not match/);
    const none = await run(['verify', '--bundle', join(place, 'none.json')]);
    expect(none).toMatchObject({ code: 1, err: expect.stringContaining('There is no file') });
  });
});

/** Evidence can be checked by whoever has the file and the public key, and says what it does not have. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { EvidenceBundle } from '../../../src/app/evidence/bundle.ts';
import { Collection, type Selection } from '../../../src/app/evidence/collect.ts';
import { signedBytes } from '../../../src/app/evidence/evidence-service.ts';
import { checkBundle, compareWithLog } from '../../../src/cli/verify-bundle.ts';
import { rolloutStream } from '../../../src/domain/shared/streams.ts';
import { Given } from '../../projections/fold.ts';
import { CAMPAIGN, givenRun, newSigner, OTHER, offered, openWorld, PART, SHARD, VEHICLE } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
let ofVehicle: EvidenceBundle;
let ofCampaign: EvidenceBundle;
beforeAll(async () => {
  world = await openWorld();
  ofVehicle = await world.evidence.ofVehicle(VEHICLE, VEHICLE, [PART]);
  ofCampaign = await world.evidence.ofCampaign(CAMPAIGN);
});

const item = (bundle: EvidenceBundle, clause: string) => bundle.items.filter((one) => one.clause === clause);
const text = (bundle: unknown): string => JSON.stringify(bundle, null, 2);
/** What somebody makes of a bundle who could sign it: only the chain tells then. */
const signed = async (bundle: EvidenceBundle): Promise<string> =>
  text({ ...bundle, signature: await world.signer.sign(signedBytes(bundle)) });

describe('evidence of a vehicle', () => {
  it('has its configurations before and after, its place in the list, and why it was compatible', () => {
    const [record, part] = item(ofVehicle, '7.1.2.2');
    expect(record?.data['configurations']).toMatchObject([
      { source: 'plant', ecus: [{ components: [{ softwareVersion: '1.4.0' }] }] },
      { source: 'ota', ecus: [{ components: [{ softwareVersion: '2.0.0' }] }] },
    ]);
    expect(part?.data).toMatchObject({
      results: [{ type: 'UpdateSucceeded', ecus: [{ result: 'installed' }] }],
    });
    expect(item(ofVehicle, '7.1.2.4')[0]?.data).toMatchObject({ wave: 1, judgedOnRevision: 2 });
    expect(item(ofVehicle, '7.1.1.7')[0]?.data).toMatchObject({
      judgements: [{ artifactId: 'tcm-main@2.0.0', compatible: true, reasons: [] }],
    });
  });

  it('has purpose, conditions, how the user was asked, and the digest that was installed', () => {
    expect(item(ofVehicle, '7.1.2.5 (a)')[0]?.data).toMatchObject({
      purpose: 'Fewer jerks in second gear.',
      artifacts: [{ releaseNotes: 'Smoother gear changes.' }],
    });
    expect(item(ofVehicle, '7.2.2.5')[0]?.data).toMatchObject({ preconditions: [{ name: 'battery' }] });
    expect(item(ofVehicle, '7.2.2.2 (a)')[1]?.events.map(({ type }) => type)).toEqual([
      'UpdateOffered',
      'UpdateAccepted',
    ]);
    expect(text(item(ofVehicle, '7.2.1.1'))).toContain('3'.repeat(64));
  });

  it('has nothing of other vehicles, and no content key', () => {
    expect(text(ofVehicle)).toContain(VEHICLE);
    expect(text(ofVehicle)).not.toContain(OTHER);
    expect(text(ofVehicle)).not.toContain('c2VjcmV0');
  });
});

describe('the part of a vehicle in a long rollout', () => {
  /** Appends of some events each, of this vehicle and of others. */
  const appends = fc.array(fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }), {
    minLength: 1,
    maxLength: 25,
  });

  it('is read from the spans as it would be from the whole stream, link by link', async () => {
    await fc.assert(
      fc.asyncProperty(appends, fc.integer({ min: 1, max: 4 }), async (script, joined) => {
        const given = new Given();
        const own: number[] = [];
        let revision = 0;
        for (const append of script) {
          const events = append.map((mine) => offered(mine ? VEHICLE : OTHER));
          for (const mine of append) {
            if (mine) own.push(revision);
            revision++;
          }
          await given.append(rolloutStream(CAMPAIGN, SHARD), ...events);
        }
        const spans = Array.from({ length: Math.ceil(own.length / joined) }, (_, n) => {
          const part = own.slice(n * joined, (n + 1) * joined);
          return [part[0], part.at(-1)] as [number, number];
        });
        const select: Selection = (event) =>
          (event.data as { vehicleId: string }).vehicleId === VEHICLE ? event : null;
        const [whole, parts] = [new Collection(given.store), new Collection(given.store)];
        const expected = await whole.stream(rolloutStream(CAMPAIGN, SHARD), select, false);
        expect(await parts.within(rolloutStream(CAMPAIGN, SHARD), spans, select)).toEqual(expected);
        expect(parts.appends).toEqual(whole.appends);
        expect(parts.streams).toEqual(whole.streams);
      }),
      { numRuns: 60 },
    );
  });
});

describe('evidence of a campaign', () => {
  it('has software, targets, approval and decisions, and the ends of the chains that are too long for it', () => {
    expect(item(ofCampaign, '7.1.1.2')[0]?.data).toMatchObject({ manifestDigest: '3'.repeat(64) });
    expect(item(ofCampaign, '7.1.1.6')[0]?.data).toMatchObject({ targets: 2, query: 'model==X' });
    expect(item(ofCampaign, '7.1.1.7')[0]?.data).toMatchObject({ leftOut: 1, reasons: [{ code: 'region' }] });
    expect(text(item(ofCampaign, '7.1.2.5 (i)'))).toContain('bob, who is none of its authors');
    expect(ofCampaign.streams).toContainEqual(
      expect.objectContaining({ stream: `rollout-${CAMPAIGN}-${SHARD}`, complete: false, lastRevision: 4 }),
    );
    expect(text(ofCampaign)).not.toContain(VEHICLE);
  });

  it('says what it does not cover, and claims nothing of that', () => {
    const claimed = new Set(ofCampaign.items.map(({ clause }) => clause));
    const missing = ofCampaign.notCovered.map(({ clause }) => clause);
    expect(missing).toEqual(expect.arrayContaining(['7.1.2.3', '7.1.1.8', '7.2.2.1.1']));
    expect(missing.filter((clause) => claimed.has(clause))).toEqual([]);
  });
});

describe('checking a bundle', () => {
  it('finds it as it was made, with file and public key alone', () => {
    for (const bundle of [ofVehicle, ofCampaign]) {
      const report = checkBundle(text(bundle), world.keys);
      expect(report).toMatchObject({ problems: [], signedBy: world.signer.keyId });
      expect(report.recomputed).toBeGreaterThan(5);
    }
    // One append with another vehicle's events, the list, and the append of the file with its key.
    expect(checkBundle(text(ofVehicle), world.keys).partial).toBe(3);
  });

  it('finds any change, also of what is no event', () => {
    const changed = text(ofVehicle).replaceAll('Fewer jerks', 'Fewer noises');
    expect(checkBundle(changed, world.keys).problems).toEqual(
      expect.arrayContaining([expect.stringContaining('the signature'), expect.stringContaining('hash')]),
    );
    const added = text({ ...ofVehicle, remark: 'all is well' });
    expect(checkBundle(added, world.keys).problems).toEqual([expect.stringContaining('does not match')]);
  });

  it('does not believe a stranger, nor a bundle that nobody vouches for', async () => {
    const stranger = newSigner();
    const forged = { ...ofVehicle, signature: await stranger.sign(signedBytes(ofVehicle)) };
    expect(checkBundle(text(forged), world.keys).problems).toEqual([
      expect.stringContaining('not among the keys given'),
    ]);
    expect(checkBundle(text(ofVehicle), null).problems).toEqual([expect.stringContaining('--keys')]);
    expect(checkBundle('{}', world.keys).problems[0]).toMatch(/no bundle/);
  });

  it('finds by the chain what was changed before it was signed', async () => {
    const [first] = ofVehicle.appends;
    const other = structuredClone(ofVehicle);
    Object.assign(other.appends[0]?.metadata ?? {}, { time: '2020-01-01T00:00:00.000Z' });
    expect(checkBundle(await signed(other), world.keys).problems).toEqual([
      `${first?.stream} at revision 0: the hash does not match`,
    ]);
    const shorter = { ...ofVehicle, appends: ofVehicle.appends.filter((append) => append !== first) };
    const { problems } = checkBundle(await signed(shorter), world.keys);
    expect(problems[0]).toMatch(/does not follow/);
    expect(problems).toContainEqual(expect.stringMatching(/^InventoryReported .* is not in the bundle$/));
  });

  it('finds the same links in the log it was made from, and in a copy of it', async () => {
    expect(await compareWithLog(text(ofVehicle), world.given.store)).toEqual([]);
    const elsewhere = await givenRun();
    expect(await compareWithLog(text(ofVehicle), elsewhere.store)).toEqual([]);
    const changed = structuredClone(ofVehicle);
    Object.assign(changed.appends.at(-1) ?? {}, { hash: 'f'.repeat(64) });
    expect(await compareWithLog(text(changed), world.given.store)).toEqual([
      expect.stringContaining('another link'),
    ]);
  });
});

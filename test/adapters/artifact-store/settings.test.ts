import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAzureSettings } from '../../../src/adapters/artifact-store/azure-blob/azure-blob-store.ts';
import { linkWindow } from '../../../src/adapters/artifact-store/link-window.ts';
import { lifecycleFindings } from '../../../src/adapters/artifact-store/s3/lifecycle.ts';
import { parseS3Url } from '../../../src/adapters/artifact-store/s3/s3-blob-store.ts';

const settingsError = (message: RegExp) =>
  expect.objectContaining({
    name: 'BlobStoreError',
    code: 'settings',
    message: expect.stringMatching(message),
  });

describe('an S3 address', () => {
  it('can be a bucket alone: AWS, with region and credentials as its SDK finds them', () => {
    expect(parseS3Url('s3://my-bucket')).toEqual({ bucket: 'my-bucket', prefix: '', forcePathStyle: false });
  });

  it('can name everything', () => {
    const url =
      's3://b-1.x/ota/eu/?endpoint=http://127.0.0.1:9000&publicEndpoint=https://dl.example&region=eu-central-1' +
      '&forcePathStyle=false&accessKeyId=AK&secretAccessKey=SK&sessionToken=ST';
    expect(parseS3Url(url)).toEqual({
      bucket: 'b-1.x',
      prefix: 'ota/eu/',
      endpoint: 'http://127.0.0.1:9000',
      publicEndpoint: 'https://dl.example',
      region: 'eu-central-1',
      forcePathStyle: false,
      credentials: { accessKeyId: 'AK', secretAccessKey: 'SK', sessionToken: 'ST' },
    });
  });

  it('has the bucket in the path where there is an endpoint, since few of them have names for buckets', () => {
    expect(parseS3Url('s3://bucket?endpoint=http://127.0.0.1:9000').forcePathStyle).toBe(true);
  });

  it('takes secrets as they are given out, with plus and slash, percent-encoded or not', () => {
    const secretOf = (text: string) =>
      parseS3Url(`s3://bucket?accessKeyId=AK&secretAccessKey=${text}`).credentials?.secretAccessKey;
    expect(secretOf('ab+c/d')).toBe('ab+c/d');
    fc.assert(
      fc.property(fc.base64String({ minLength: 4 }), (secret) => {
        expect(secretOf(encodeURIComponent(secret))).toBe(secret);
      }),
    );
  });

  it.each([
    ['http://bucket', /begin with s3:/],
    ['s3://', /bucket/],
    ['s3://Upper_Case', /bucket/],
    ['s3://bucket?endpont=http://x', /endpont/],
    ['s3://bucket?endpoint=nowhere', /endpoint/],
    ['s3://bucket?accessKeyId=AK', /both or neither/],
    ['s3://bucket?sessionToken=ST', /sessionToken needs/],
    ['s3://AK:SK@bucket', /accessKeyId and secretAccessKey/],
    ['s3://bucket?forcePathStyle=yes', /forcePathStyle/],
  ])('that is wrong is told apart: %s', (url, message) => {
    expect(() => parseS3Url(url)).toThrow(settingsError(/FLEETWAVE_S3/));
    expect(() => parseS3Url(url)).toThrow(settingsError(message));
  });

  it('that is wrong is not repeated, since it may hold secrets', () => {
    expect(() => parseS3Url('s3://bucket?secretAccessKey=hush&region=')).toThrow(
      settingsError(/^((?!hush).)*$/),
    );
  });
});

const KEY = Buffer.from('a key of an account').toString('base64');

describe('an Azure connection string', () => {
  it('is taken as the portal gives it', () => {
    const text = `DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=${KEY};EndpointSuffix=core.windows.net`;
    expect(parseAzureSettings(text, 'fleetwave')).toEqual({
      accountName: 'acme',
      accountKey: KEY,
      endpoint: 'https://acme.blob.core.windows.net',
      container: 'fleetwave',
    });
  });

  it('can name another endpoint', () => {
    const text = `AccountName=a;AccountKey=${KEY};BlobEndpoint=http://127.0.0.1:10000/a/;`;
    expect(parseAzureSettings(text, 'fleetwave').endpoint).toBe('http://127.0.0.1:10000/a');
  });

  it.each([
    ['', /AccountName or AccountKey/],
    ['AccountName=acme', /AccountKey/],
    ['AccountName=acme;AccountKey=hush!', /no Base64/],
    ['BlobEndpoint=https://acme.example;SharedAccessSignature=sv=hush', /account key is needed/],
    [`AccountName=acme;AccountKey=${KEY};BlobEndpoint=acme.example`, /BlobEndpoint/],
  ])('that is wrong is told apart, and not repeated: %s', (text, message) => {
    expect(() => parseAzureSettings(text, 'fleetwave')).toThrow(settingsError(message));
    expect(() => parseAzureSettings(text, 'fleetwave')).toThrow(settingsError(/^((?!hush).)*$/));
  });

  it.each(['', 'ab', 'Upper', 'a--b', '-ab', 'a_b', 'x'.repeat(64)])(
    'goes with a container, not %j',
    (container) => {
      expect(() => parseAzureSettings(`AccountName=a;AccountKey=${KEY}`, container)).toThrow(
        settingsError(/FLEETWAVE_AZURE_CONTAINER/),
      );
    },
  );
});

describe('a link', () => {
  it('is good for as long as was asked for, and half as long again at most, and begins in the past', () => {
    const seconds = fc.integer({ min: 1, max: 403_200 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), seconds, (now, valid_s) => {
        const { from, until } = linkWindow(now, valid_s);
        const left_s = (until.getTime() - now) / 1000;
        expect(from.getTime()).toBeLessThanOrEqual(now);
        expect(left_s).toBeGreaterThanOrEqual(valid_s);
        expect(left_s).toBeLessThanOrEqual(1.5 * valid_s + 1);
        expect(until.getTime() - from.getTime()).toBeLessThanOrEqual(7 * 24 * 3600 * 1000);
      }),
    );
  });

  it('is the same for all who ask within half that time, so that a cache keeps one copy', () => {
    const at = (second: number) => linkWindow(1_800_000_000_000 + second * 1000, 300);
    expect(at(149)).toEqual(at(0));
    expect(at(150)).not.toEqual(at(0));
  });

  it.each([0, -1, 1.5, Number.NaN, 403_201])('can not be good for %d seconds', (valid_s) => {
    expect(() => linkWindow(0, valid_s)).toThrow(RangeError);
  });
});

describe('lifecycle rules', () => {
  const rule = (more: object) => ({ Status: 'Enabled' as const, ID: 'r', ...more });
  const harmful = (...rules: ReturnType<typeof rule>[]): boolean =>
    lifecycleFindings(rules, 'ota/', false).some(({ ok }) => !ok);

  it.each([
    ['of the whole bucket', {}],
    ['of a prefix above', { Filter: { Prefix: 'ota/' } }],
    ['of a prefix below', { Prefix: 'ota/content/a' }],
    ['of a prefix and a size', { Filter: { And: { Prefix: 'ota/', ObjectSizeGreaterThan: 5 } } }],
  ])('that would delete or archive artifacts are found: %s', (_, where) => {
    expect(harmful(rule({ ...where, Expiration: { Days: 30 } }))).toBe(true);
    expect(harmful(rule({ ...where, Transitions: [{ StorageClass: 'DEEP_ARCHIVE', Days: 9 }] }))).toBe(true);
    expect(harmful(rule({ ...where, Transitions: [{ StorageClass: 'STANDARD_IA', Days: 9 }] }))).toBe(false);
    expect(harmful(rule({ ...where, Status: 'Disabled', Expiration: { Days: 30 } }))).toBe(false);
  });

  it('of other objects are nobody’s business', () => {
    expect(harmful(rule({ Filter: { Prefix: 'logs/' }, Expiration: { Days: 1 } }))).toBe(false);
    expect(harmful(rule({ Filter: { Tag: { Key: 'tmp', Value: '1' } }, Expiration: { Days: 1 } }))).toBe(
      false,
    );
  });

  it('that end cut-off uploads are asked for, with what versioning needs', () => {
    const ends = rule({ Filter: { Prefix: 'ota/incoming/' }, AbortIncompleteMultipartUpload: {} });
    expect(lifecycleFindings([ends], 'ota/', false)).toMatchObject([{ ok: true, advice: '' }]);
    expect(lifecycleFindings([], 'ota/', false)).toMatchObject([
      { ok: true, advice: expect.stringContaining('ota/incoming/') },
    ]);
    expect(lifecycleFindings([ends], 'ota/', true)).toMatchObject([
      // Each large file passes through both, and would stay in both for ever.
      { ok: true, advice: expect.stringContaining('noncurrent versions of ota/incoming/ and ota/staged/') },
    ]);
  });
});

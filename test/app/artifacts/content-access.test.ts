import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { keyRingOf } from '../../../src/adapters/keys/file/key-ring.ts';
import { createContentAccess } from '../../../src/app/artifacts/content-access.ts';
import { issueContentToken } from '../../../src/app/artifacts/content-token.ts';

const SHA256 = 'a'.repeat(64);
const tokenKeys = keyRingOf(randomBytes(32).toString('base64'), 'test');
const token = issueContentToken(tokenKeys, { vehicleId: 'V1', sha256s: [SHA256], expiresAt: 60_000 });

function blobs(size: number | null) {
  const asked: [string, number][] = [];
  return {
    asked,
    size: async () => size,
    async *read() {},
    link: async (sha256: string, valid_s: number) => {
      asked.push([sha256, valid_s]);
      return `https://store.example/${sha256}`;
    },
  };
}
const access = (store: ReturnType<typeof blobs>, contentDelivery?: 'proxy' | 'presigned') =>
  createContentAccess({
    blobs: store,
    tokenKeys,
    now: () => 0,
    ...(contentDelivery !== undefined && { contentDelivery }),
  });

describe('content by a link', () => {
  it('comes with the address at the store, good for minutes', async () => {
    const store = blobs(7);
    expect(await access(store, 'presigned').openContent(token, SHA256)).toEqual({
      ok: true,
      size: 7,
      link: `https://store.example/${SHA256}`,
    });
    expect(store.asked).toEqual([[SHA256, 300]]);
  });

  it('is given to nobody without the right to it, and not for what is not there', async () => {
    const store = blobs(null);
    const content = access(store, 'presigned');
    expect(await content.openContent('x.y', SHA256)).toMatchObject({ rejection: { code: 'token-invalid' } });
    expect(await content.openContent(token, 'b'.repeat(64))).toMatchObject({
      rejection: { code: 'content-not-granted' },
    });
    expect(await content.openContent(token, SHA256)).toMatchObject({ rejection: { code: 'not-found' } });
    expect(store.asked).toEqual([]);
  });

  it('is not given by default, nor by proxy', async () => {
    for (const delivery of [undefined, 'proxy'] as const)
      expect(await access(blobs(7), delivery).openContent(token, SHA256)).toEqual({ ok: true, size: 7 });
  });

  it('can not be configured for a store that gives none: the error names the setting and what to do', () => {
    const { link: _, ...files } = blobs(7);
    const start = () =>
      createContentAccess({ blobs: files, tokenKeys, now: () => 0, contentDelivery: 'presigned' });
    expect(start).toThrow(/FLEETWAVE_CONTENT_DELIVERY=presigned .* FLEETWAVE_S3 or FLEETWAVE_AZURE_BLOB/);
    expect(start).toThrow(expect.objectContaining({ name: 'ConfigError' }));
  });
});

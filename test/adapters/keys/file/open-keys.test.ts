import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKeyRegistry } from '../../../../src/adapters/keys/file/key-registry.ts';
import { keyRingOf } from '../../../../src/adapters/keys/file/key-ring.ts';
import { createKeyWrapper } from '../../../../src/adapters/keys/file/key-wrapper.ts';
import { openKeys } from '../../../../src/adapters/keys/file/open-keys.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'fleetwave-keys-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const setting = 'FLEETWAVE_MASTER_KEY';

describe('the keys of a deployment', () => {
  it('are made at the first start, for the owner only, and are the same at the next', async () => {
    const first = await openKeys({ directory });
    const files = (await readdir(directory)).sort();
    expect(files).toEqual([
      'content-tokens.json',
      'fleet-secrets.json',
      'master.json',
      'signing.pem',
      'trusted',
    ]);
    for (const file of files) expect((await stat(join(directory, file))).mode & 0o077).toBe(0);
    const second = await openKeys({ directory });
    expect(second.wrapper.masterKeyId).toBe(first.wrapper.masterKeyId);
    expect(second.fleetSecrets.current).toEqual(first.fleetSecrets.current);
    expect(second.tokenKeys.current).toEqual(first.tokenKeys.current);
    expect(second.signingKey).toBe(first.signingKey);
    expect(first.tokenKeys.current.id).not.toBe(first.fleetSecrets.current.id);
  });

  it('two processes that start at once end up with the same keys', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => openKeys({ directory })));
    expect(new Set(all.map((keys) => keys.wrapper.masterKeyId)).size).toBe(1);
    expect(new Set(all.map((keys) => keys.signingKey)).size).toBe(1);
  });

  it.each(['master.json', 'fleet-secrets.json', 'content-tokens.json', 'signing.pem'])(
    '%s that others can read is refused, with what to do',
    async (file) => {
      await openKeys({ directory });
      await chmod(join(directory, file), 0o640);
      await expect(openKeys({ directory })).rejects.toThrow(`chmod 600 ${join(directory, file)}`);
    },
  );

  it('damage is an error: keys are never made anew in place of damaged ones', async () => {
    await openKeys({ directory });
    const path = join(directory, 'master.json');
    const text = await readFile(path, 'utf8');
    for (const damaged of [
      '',
      '{',
      text.replace(/"[A-Za-z0-9+/]{43}=/, `"${randomBytes(32).toString('base64')}`),
    ]) {
      await writeFile(path, damaged);
      await expect(openKeys({ directory })).rejects.toThrow(path);
      expect(await readFile(path, 'utf8')).toBe(damaged);
    }
  });

  it('a master key can come from a setting, and no file is made then', async () => {
    const base64 = randomBytes(32).toString('base64');
    const keys = await openKeys({ directory, masterKey: { base64, setting } });
    expect(keys.wrapper.masterKeyId).toBe(keyRingOf(base64, setting).current.id);
    expect(await readdir(directory)).not.toContain('master.json');
    await expect(openKeys({ directory, masterKey: { base64: 'c2hvcnQ=', setting } })).rejects.toThrow(
      setting,
    );
  });
});

describe('a wrapped content key', () => {
  const ring = keyRingOf(Buffer.alloc(32, 1).toString('base64'), setting);
  const wrapper = createKeyWrapper(ring);
  const key = randomBytes(32);

  it('comes back under the same context only', async () => {
    const wrapped = await wrapper.wrap(key, 'a/b');
    expect((await wrapper.unwrap(wrapped, 'a/b', ring.current.id)).toString()).toBe(key.toString());
    expect(await wrapper.wrap(key, 'a/b')).not.toBe(wrapped);
    await expect(wrapper.unwrap(wrapped, 'a/c', ring.current.id)).rejects.toThrow('altered');
    await expect(wrapper.unwrap(wrapped, 'a/b', 'another')).rejects.toThrow('another');
    const other = createKeyWrapper({
      current: { id: ring.current.id, key: Buffer.alloc(32, 2) },
      get: () => ({ id: ring.current.id, key: Buffer.alloc(32, 2) }),
    });
    await expect(other.unwrap(wrapped, 'a/b', ring.current.id)).rejects.toThrow('altered');
  });

  it('is refused with any byte altered or cut', async () => {
    const wrapped = Buffer.from(await wrapper.wrap(key, 'a/b'), 'base64');
    for (let at = 0; at < wrapped.length; at++) {
      const altered = Buffer.from(wrapped);
      altered[at] = (altered[at] ?? 0) ^ 1;
      await expect(wrapper.unwrap(altered.toString('base64'), 'a/b', ring.current.id)).rejects.toThrow();
      await expect(
        wrapper.unwrap(wrapped.subarray(0, at).toString('base64'), 'a/b', ring.current.id),
      ).rejects.toThrow();
    }
  });
});

describe('the key registry', () => {
  const oem = () => ({
    keyId: 'oem-2026',
    alg: 'ed25519',
    owner: 'Example Motors',
    publicKey: generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    validUntil: '2030-01-01T00:00:00Z',
  });
  const own = {
    keyId: 'ours',
    alg: 'ed25519',
    owner: 'fleetwave',
    publicKey: '',
    validFrom: null,
    validUntil: null,
    revokedAt: null,
  } as const;
  const register = (name: string, key: object) => writeFile(join(directory, name), JSON.stringify(key));

  it('reads registered keys at each call', async () => {
    const registry = createKeyRegistry([own], directory);
    expect(await registry.keys()).toEqual([own]);
    const key = oem();
    await register('oem.json', key);
    expect(await registry.keys()).toEqual([own, { ...key, validFrom: null, revokedAt: null }]);
    await register('oem.json', { ...key, revokedAt: '2026-06-01T00:00:00Z' });
    expect((await registry.keys())[1]?.revokedAt).toBe('2026-06-01T00:00:00Z');
  });

  it('has no keys of others where there is no directory', async () => {
    expect(await createKeyRegistry([own], join(directory, 'none')).keys()).toEqual([own]);
  });

  it('refuses damaged files, other kinds of keys, and an id given twice', async () => {
    const registry = createKeyRegistry([own], directory);
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({
      type: 'spki',
      format: 'pem',
    });
    for (const wrong of [
      {},
      { ...oem(), publicKey: rsa },
      { ...oem(), publicKey: 'x' },
      { ...oem(), revoked: true },
    ]) {
      await register('wrong.json', wrong);
      await expect(registry.keys()).rejects.toThrow('wrong.json');
    }
    await writeFile(join(directory, 'wrong.json'), '{');
    await expect(registry.keys()).rejects.toThrow('wrong.json');
    await register('wrong.json', { ...oem(), keyId: 'ours' });
    await expect(registry.keys()).rejects.toThrow('ours is given twice');
  });
});

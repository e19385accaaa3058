/** An upload that is begun at one API and ended at another one. */
import { createHash, randomBytes } from 'node:crypto';

const MIB = 1024 * 1024;
const SIZE = 20 * MIB + 5;
const BROKEN_AT = 13 * MIB;
const TUS = { 'tus-resumable': '1.0.0' };
const ARTIFACT = 'tcm-elsewhere@1.0.0';

export interface Ended {
  /** Where it stood when the other API was asked. */
  readonly stoodAt: number;
  readonly status: number;
  /** What both APIs say of the stored file now. */
  readonly stored: readonly unknown[];
  readonly expected: { readonly name: string; readonly size: number; readonly sha256: string };
}

export async function uploadAtTwoPlaces(first: string, second: string, key: string): Promise<Ended> {
  const bytes = randomBytes(SIZE);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const authorization = `Bearer ${key}`;
  const artifact = `/v1/artifacts/${encodeURIComponent(ARTIFACT)}`;
  const body = { kind: 'firmware', target: { ecuType: 'TCM', component: 'main' }, releaseType: 'routine' };
  await fetch(first + artifact, {
    method: 'PUT',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const begun = await fetch(`${first}${artifact}/uploads`, {
    method: 'POST',
    headers: {
      ...TUS,
      authorization,
      'upload-length': String(SIZE),
      'upload-metadata': `filename ${base64('tcm.bin')},sha256 ${base64(sha256)}`,
    },
  });
  const url = begun.headers.get('location') ?? '';
  const send = (origin: string, from: number, to: number): Promise<Response> =>
    fetch(origin + url, {
      method: 'PATCH',
      headers: {
        ...TUS,
        authorization,
        'content-type': 'application/offset+octet-stream',
        'upload-offset': String(from),
      },
      body: bytes.subarray(from, to),
    });
  await send(first, 0, BROKEN_AT);
  const head = await fetch(second + url, { method: 'HEAD', headers: { ...TUS, authorization } });
  const stoodAt = Number(head.headers.get('upload-offset'));
  const last = await send(second, stoodAt, SIZE);
  const position = last.headers.get('fleetwave-position') ?? '';
  const stored = await Promise.all(
    [first, second].map(async (origin) => {
      const headers = { authorization, 'fleetwave-min-position': position };
      const answer = await fetch(origin + artifact, { headers });
      return ((await answer.json()) as { files?: readonly unknown[] }).files?.[0];
    }),
  );
  return { stoodAt, status: last.status, stored, expected: { name: 'tcm.bin', size: SIZE, sha256 } };
}

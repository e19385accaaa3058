/** Sending a file with its digest, and saying how far it is. */
import { newKey, ProblemError, path } from '../lib/api.ts';
import { sha256 } from './sha256.ts';

const CHUNK = 4 * 1024 * 1024;

export interface UploadState {
  readonly stage: 'hashing' | 'sending' | 'done';
  readonly done: number;
  readonly total: number;
}

type Tell = (state: UploadState) => void;

/** In pieces, so that a file may be larger than memory and the page stays awake. */
async function digestOf(file: File, tell: Tell): Promise<string> {
  const hash = sha256();
  for (let at = 0; at < file.size; at += CHUNK) {
    hash.update(new Uint8Array(await file.slice(at, at + CHUNK).arrayBuffer()));
    tell({ stage: 'hashing', done: Math.min(at + CHUNK, file.size), total: file.size });
  }
  return btoa(String.fromCharCode(...hash.digest()));
}

/** By XMLHttpRequest, because fetch does not say how much has been sent. */
function send(url: string, file: File, digest: string, tell: Tell): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', url);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.setRequestHeader('content-digest', `sha-256=:${digest}:`);
    request.setRequestHeader('fleetwave-session', '1');
    request.setRequestHeader('idempotency-key', newKey());
    request.upload.onprogress = ({ loaded }) => tell({ stage: 'sending', done: loaded, total: file.size });
    request.onerror = () =>
      reject(
        new ProblemError(0, {
          detail: 'The connection broke while the file was sent; nothing was recorded.',
          hint: 'Send the file again.',
        }),
      );
    request.onload = () => {
      if (request.status < 300) return resolve();
      let body = {};
      try {
        body = JSON.parse(request.responseText) as object;
      } catch {
        body = { detail: `The server answered ${request.status}.` };
      }
      reject(new ProblemError(request.status, body));
    };
    request.send(file);
  });
}

export async function upload(artifactId: string, file: File, tell: Tell): Promise<void> {
  const digest = await digestOf(file, tell);
  await send(path`/v1/artifacts/${artifactId}/files/${file.name}`, file, digest, tell);
  tell({ stage: 'done', done: file.size, total: file.size });
}

/** Checks a bundle of evidence without the server that made it. */
import { createPublicKey, verify } from 'node:crypto';
import { z } from 'zod';
import { FIRST_LINK, linkHash } from '../adapters/event-store/chain.ts';
import { type EvidenceBundle, evidenceBundle, type ProvenAppend } from '../app/evidence/bundle.ts';
import { signedBytes } from '../app/evidence/evidence-service.ts';
import type { EventStore } from '../app/ports.ts';

const publicKeys = z.object({
  keys: z.array(z.looseObject({ keyId: z.string(), publicKey: z.string() })),
});

export interface BundleReport {
  readonly subject: string;
  readonly madeAt: string;
  readonly items: number;
  /** Appends whose hash was computed again from what is in the bundle. */
  readonly recomputed: number;
  /** Appends of which the bundle has only a part: their hash is a link that was signed, not one that was recomputed. */
  readonly partial: number;
  /** Null when no keys were given. */
  readonly signedBy: string | null;
  readonly problems: readonly string[];
}

/**
 * @param text the bundle as it was got.
 * @param keys the answer of /v1/keys, got from the deployment by another way; null leaves the signature unchecked,
 * which is a problem of its own.
 */
export function checkBundle(text: string, keys: string | null): BundleReport {
  const parsed = evidenceBundle.safeParse(parse(text));
  if (!parsed.success)
    return { ...NOTHING, problems: [`it is no bundle of evidence: ${z.prettifyError(parsed.error)}`] };
  const bundle = parsed.data;
  // Over all that is in the file, also what this version does not know.
  const signature = checkSignature(parse(text) as EvidenceBundle, keys);
  const whole = bundle.appends.filter((append) => append.whole);
  return {
    subject: `${bundle.subject.kind} ${bundle.subject.id}`,
    madeAt: bundle.madeAt,
    items: bundle.items.length,
    recomputed: whole.length,
    partial: bundle.appends.length - whole.length,
    signedBy: signature === null ? bundle.signature.keyId : null,
    problems: [
      ...(signature === null ? [] : [signature]),
      ...whole.flatMap(hashProblem),
      ...chainProblems(bundle),
      ...referenceProblems(bundle),
    ],
  };
}

const NOTHING = { subject: '', madeAt: '', items: 0, recomputed: 0, partial: 0, signedBy: null } as const;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function checkSignature(bundle: EvidenceBundle, keys: string | null): string | null {
  const { keyId, value } = bundle.signature;
  if (keys === null)
    return `the signature by ${keyId} was not checked: give the answer of /v1/keys with --keys`;
  const parsed = publicKeys.safeParse(parse(keys));
  if (!parsed.success) return 'the file of keys is not an answer of /v1/keys';
  const key = parsed.data.keys.find((one) => one.keyId === keyId);
  if (key === undefined) return `the key ${keyId} that signed it is not among the keys given`;
  const good = verify(
    null,
    signedBytes(bundle),
    createPublicKey(key.publicKey),
    Buffer.from(value, 'base64'),
  );
  return good ? null : `the signature by ${keyId} does not match`;
}

const place = ({ stream, firstRevision }: ProvenAppend): string => `${stream} at revision ${firstRevision}`;

function hashProblem(append: ProvenAppend): string[] {
  const { stream, firstRevision, previous, metadata, events, hash } = append;
  const body = events.map(({ id, type, schemaVersion, data }) => ({ id, type, v: schemaVersion, data }));
  const link = linkHash(
    Buffer.from(previous, 'hex'),
    stream,
    firstRevision,
    Buffer.from(JSON.stringify(metadata)),
    Buffer.from(JSON.stringify(body)),
  );
  return link.toString('hex') === hash ? [] : [`${place(append)}: the hash does not match`];
}

/** Streams that are said to be complete begin at the beginning, have no gap, and end where they are said to. */
function chainProblems({ streams, appends }: EvidenceBundle): string[] {
  return streams.flatMap(({ stream, complete, lastHash }) => {
    if (!complete) return [];
    let previous = Buffer.from(FIRST_LINK).toString('hex');
    for (const append of appends.filter((one) => one.stream === stream)) {
      if (append.previous !== previous) return [`${place(append)}: it does not follow the append before it`];
      previous = append.hash;
    }
    return previous === lastHash ? [] : [`${stream}: it does not end with the link that is named`];
  });
}

/** Every event that is named is there, in the append whose link is named. */
function referenceProblems({ items, appends }: EvidenceBundle): string[] {
  const links = new Map(appends.flatMap(({ hash, events }) => events.map(({ id }) => [id, hash] as const)));
  const missing = new Set(
    items.flatMap(({ clause, events }) =>
      events
        .filter(({ id, hash }) => links.get(id) !== hash)
        .map(({ id, type }) => `${type} ${id}, named for ${clause}, is not in the bundle`),
    ),
  );
  return [...missing];
}

/** Whether the log has the same links: also for what the bundle has only a part of. */
export async function compareWithLog(
  text: string,
  log: Pick<EventStore, 'streamAppends'>,
): Promise<readonly string[]> {
  const { appends } = evidenceBundle.parse(JSON.parse(text));
  const problems: string[] = [];
  for (const append of appends) {
    const links: string[] = [];
    for await (const [first] of log.streamAppends(append.stream, append.firstRevision)) {
      if (first !== undefined) links.push(first.hash);
      break;
    }
    if (links[0] !== append.hash) problems.push(`${place(append)}: the log has another link, or none`);
  }
  return problems;
}

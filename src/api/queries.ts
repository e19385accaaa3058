/** The HTTP side of reading: waiting for one's own writes, paging, and documents without their bookkeeping. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Document, type FindOptions, type Page, type Position, START } from '../app/ports.ts';
import { type FieldError, type Problem, problem } from './problem.ts';
import type { ApiServices } from './services.ts';

/** How long a query waits for the read model, milliseconds (DESIGN §5). */
const WAIT_MS = 2000;
/** Positions are opaque, but of a bounded alphabet: anything else was never ours. */
export const POSITION = /^[\x21-\x7e]{1,100}$/;

/**
 * Honours Fleetwave-Min-Position.
 * @throws Problem `not-caught-up` (503, Retry-After) when the read model isn't there within 2 s.
 */
export async function awaitPosition(services: ApiServices, request: FastifyRequest): Promise<void> {
  const wanted = request.headers['fleetwave-min-position'];
  if (wanted === undefined || wanted === '') return;
  if (typeof wanted !== 'string' || !POSITION.test(wanted)) {
    throw problem('invalid-header', 'Fleetwave-Min-Position is not a position of this API', {
      hint: 'Send the Fleetwave-Position of an answer as it was.',
    });
  }
  await caughtUp(services, wanted as Position);
}

/**
 * Waits for the read model to have everything that is in the log now: for answers that must not lack anything.
 * @throws Problem `not-caught-up` (503, Retry-After) when it isn't there within 2 s.
 */
export async function awaitHead(services: ApiServices): Promise<void> {
  const head = await services.head();
  if (head !== START) await caughtUp(services, head);
}

async function caughtUp(services: ApiServices, position: Position): Promise<void> {
  if (await services.waitForPosition(position, WAIT_MS)) return;
  throw problem('not-caught-up', `the read model has not reached ${position} within ${WAIT_MS} ms`, {
    hint: 'Repeat the query after the seconds in Retry-After.',
    headers: { 'retry-after': '1' },
  });
}

/**
 * Positions of another log, such as one before a move to another engine, have another width.
 * @throws Problem `invalid-request`, which names the query field.
 */
export async function checkPositions(
  services: ApiServices,
  positions: Readonly<Record<string, Position | undefined>>,
): Promise<void> {
  const head = await services.head();
  for (const [name, position] of Object.entries(positions))
    if (position !== undefined && position.length !== head.length)
      throw foreignPosition([{ path: `/query/${name}`, message: 'is not a position of this log' }]);
}

const foreignPosition = (errors: readonly FieldError[]): Problem =>
  problem('invalid-request', 'a position is not one of this log', {
    hint: 'Take it from an event or a state of this server, as it was.',
    errors,
  });

/** Begins to read before an answer is begun, so that what the log refuses is a problem and not a torn stream. */
export async function begun<T>(batches: AsyncIterable<T>): Promise<AsyncIterable<T>> {
  const iterator = batches[Symbol.asyncIterator]();
  try {
    const first = await iterator.next();
    return rest(first, iterator);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'invalid-request')
      throw foreignPosition([{ path: '/query', message: error.message }]);
    throw error;
  }
}

async function* rest<T>(first: IteratorResult<T>, iterator: AsyncIterator<T>): AsyncGenerator<T> {
  try {
    for (let next = first; next.done !== true; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}

/** A document without bookkeeping: positions, the folded aggregate with its secrets, what only other code of ours reads. */
export function plain<T extends Document>(document: T): Record<string, unknown> {
  const { position: _p, eventId: _e, folded: _f, spans: _s, course: _c, ...rest } = document;
  return rest;
}

/** Sets the ETag that commands take as If-Match, where the document knows its stream's revision. */
export function withEtag(reply: FastifyReply, document: Document): void {
  const revision = document['revision'];
  if (typeof revision === 'number') reply.header('etag', `"${revision}"`);
}

/** The filters that a caller gave, for `where`. */
export const given = <T>(filter: Readonly<Record<string, T | undefined>>): Record<string, T> =>
  Object.fromEntries(Object.entries(filter).filter((entry): entry is [string, T] => entry[1] !== undefined));

export interface Paging {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** One page of a collection; the next one is linked too (RFC 8288). */
export async function findPage(
  services: ApiServices,
  request: FastifyRequest,
  reply: FastifyReply,
  collection: string,
  options: Omit<FindOptions, 'limit' | 'cursor'> & Paging,
): Promise<{ items: readonly Record<string, unknown>[]; next: string | null }> {
  const page = await findDocuments<Document>(services, request, collection, options);
  linkNext(request, reply, page.next);
  return { items: page.items.map(plain), next: page.next };
}

/** The same with the documents as they are, for handlers that make something else of them. */
export async function findDocuments<T extends Document>(
  services: ApiServices,
  request: FastifyRequest,
  collection: string,
  { cursor, ...rest }: Omit<FindOptions, 'limit' | 'cursor'> & Paging,
): Promise<Page<T>> {
  await awaitPosition(services, request);
  return refusingCursors(
    services.reader.find<T>(collection, cursor === undefined ? rest : { ...rest, cursor }),
  );
}

/** @throws Problem `invalid-cursor` where the read model takes a cursor for none of its own. */
export async function refusingCursors<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'invalid-cursor') throw foreignCursor();
    throw error;
  }
}

export const foreignCursor = (): Problem =>
  problem('invalid-cursor', 'the cursor is not one of ours, or of another list', {
    hint: 'Start again without a cursor.',
    errors: [{ path: '/query/cursor', message: 'is not a cursor of this list' }],
  });

export function linkNext(request: FastifyRequest, reply: FastifyReply, next: string | null): void {
  if (next === null) return;
  const url = new URL(request.url, 'http://localhost');
  url.searchParams.set('cursor', next);
  reply.header('link', `<${url.pathname}${url.search}>; rel="next"`);
}

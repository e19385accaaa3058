import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeAppends } from '../../../../src/adapters/event-store/append-codec.ts';
import { FIRST_LINK, linkHash } from '../../../../src/adapters/event-store/chain.ts';
import {
  checkStorable,
  prepareAppend,
  proposedEvents,
} from '../../../../src/adapters/event-store/eventstoredb/wire-event.ts';
import { MAX_APPEND_BYTES } from '../../../../src/app/ports.ts';
import { bigEvent, event, events, metadata, request } from '../../../contract/event-store/samples.ts';

const newEvent = fc.record({
  id: fc.uuid(),
  type: fc.string({ minLength: 1, unit: 'grapheme' }).filter((type) => !type.startsWith('$')),
  schemaVersion: fc.integer({ min: 1, max: 99 }),
  data: fc.jsonValue(),
});
const anyAppend = fc.record({
  stream: fc.string({ minLength: 1, unit: 'grapheme' }).map((name) => `a${name.replaceAll('\0', '')}`),
  expectedRevision: fc.integer({ min: -1, max: 1e9 }),
  events: fc.array(newEvent, { minLength: 1, maxLength: 5 }),
  metadata: fc.record({ time: fc.string(), source: fc.string() }).map((some) => ({ ...metadata, ...some })),
});

describe('an append as EventStoreDB stores it', () => {
  it('is hashed over the same bytes as in every other log', async () => {
    await fc.assert(
      fc.property(anyAppend, (append) => {
        const [encoded] = encodeAppends([append]);
        const { hash } = proposedEvents(prepareAppend(append), FIRST_LINK);
        const expected = linkHash(
          FIRST_LINK,
          append.stream,
          append.expectedRevision + 1,
          Buffer.from(encoded?.metadata ?? ''),
          Buffer.from(encoded?.body ?? ''),
        );
        expect(hash.equals(expected)).toBe(true);
      }),
    );
  });

  it('carries its metadata on every event, under the names that EventStoreDB knows, and the hash on the last', () => {
    const { events: sent, hash } = proposedEvents(prepareAppend(request('a-1', 4, events(3))), FIRST_LINK);
    const { correlationId, causationId, ...rest } = metadata;
    const stored = { ...rest, $correlationId: correlationId, $causationId: causationId };
    expect(sent.map((one) => JSON.parse(one.metadata.toString()))).toEqual([
      { ...stored, fw: { v: 1, first: 5 } },
      { ...stored, fw: { v: 1, first: 5 } },
      { ...stored, fw: { v: 1, first: 5, hash: hash.toString('hex') } },
    ]);
    expect(sent.map((one) => JSON.parse(one.data.toString()))).toEqual([
      { index: 0 },
      { index: 1 },
      { index: 2 },
    ]);
  });

  it('repeats its metadata only at both ends where it would not fit otherwise', () => {
    const many = Array.from({ length: 3000 }, (_, n) => event({ n, text: 'x'.repeat(150) }));
    const prepared = prepareAppend(request('a-1', -1, many));
    expect(prepared.bytes).toBeLessThanOrEqual(MAX_APPEND_BYTES);
    const { events: sent } = proposedEvents(prepared, FIRST_LINK);
    const full = sent.flatMap((one, n) =>
      JSON.parse(one.metadata.toString()).actor === undefined ? [] : [n],
    );
    expect(full).toEqual([0, 2999]);
    const bytes = sent.reduce(
      (sum, one) => sum + 2 * one.type.length + one.data.length + one.metadata.length,
      0,
    );
    expect(bytes).toBeLessThanOrEqual(MAX_APPEND_BYTES);
  });

  it('counts what the server counts', async () => {
    await fc.assert(
      fc.property(anyAppend, (append) => {
        const prepared = prepareAppend(append);
        const { events: sent } = proposedEvents(prepared, FIRST_LINK);
        const counted = sent.reduce(
          (sum, one) => sum + 2 * one.type.length + one.data.length + one.metadata.length,
          0,
        );
        expect(prepared.bytes).toBeGreaterThanOrEqual(counted);
      }),
    );
    expect(prepareAppend(request('a-1', -1, [bigEvent(MAX_APPEND_BYTES)])).bytes).toBeGreaterThan(
      MAX_APPEND_BYTES,
    );
  });

  it('is refused where EventStoreDB has no place for it', () => {
    const refused = [
      request('$settings', -1),
      request('a-1', -1, [{ ...event(), id: 'not-a-uuid' }]),
      request('a-1', -1, [{ ...event(), id: event().id.toUpperCase() }]),
      request('a-1', -1, [{ ...event(), type: '$>' }]),
      request('a-1', -1, [{ ...event(), type: '' }]),
      request('a-1', -1, [{ ...event(), type: '\ud800' }]),
      request('a-1', -1, [{ ...event(), data: undefined }]),
    ];
    for (const append of refused)
      expect(() => checkStorable(append)).toThrow(expect.objectContaining({ code: 'invalid-request' }));
  });
});

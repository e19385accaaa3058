/** What the encoder writes is what the generated classes of the client read. */
import streams from '@eventstore/db-client/generated/streams_pb.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeEvent } from './event-encoder.ts';
import type { StoredEvent } from './stored-event.ts';
import { PositionCodec, uuidOf } from './wire.ts';

/** Small ones, and some that make the writer's buffer grow. */
const bytes = fc
  .tuple(fc.uint8Array({ maxLength: 20 }), fc.constantFrom(1, 1, 1, 700))
  .map(([pattern, times]) => Buffer.concat(Array.from({ length: times }, () => pattern)));
const natural = fc.oneof(fc.nat(200), fc.maxSafeNat());

const stored: fc.Arbitrary<StoredEvent> = fc.record({
  position: natural,
  next: natural,
  stream: fc.string({ unit: 'grapheme', minLength: 1 }),
  revision: natural,
  id: fc.uuid(),
  type: fc.string({ unit: 'grapheme', minLength: 1 }),
  isJson: fc.boolean(),
  createdMs: fc.nat(4_000_000_000_000),
  metadata: bytes,
  data: bytes,
});

const NOTHING = new Uint8Array(0);
const NO_POSITION = String(2n ** 64n - 1n);

it('reads back as it was stored', () => {
  fc.assert(
    fc.property(
      stored,
      fc.boolean(),
      fc.boolean(),
      fc.constantFrom(0n, 2n ** 60n),
      (event, structuredIds, withPosition, base) => {
        const positions = new PositionCodec(base);
        const message = streams.ReadResp.deserializeBinary(
          encodeEvent(event, { positions, structuredIds, withPosition }),
        );
        const read = message.getEvent();
        const recorded = read?.getEvent();
        const position = withPosition ? String(base + BigInt(event.position)) : NO_POSITION;
        expect(uuidOf(recorded?.getId())).toBe(event.id);
        expect(recorded?.getId()?.hasStructured()).toBe(structuredIds);
        expect(recorded?.getCommitPosition()).toBe(position);
        expect(recorded?.getPreparePosition()).toBe(position);
        expect(read?.hasCommitPosition()).toBe(withPosition);
        expect(read?.hasNoPosition()).toBe(!withPosition);
        if (withPosition) expect(read?.getCommitPosition()).toBe(position);
        expect(recorded?.getStreamRevision()).toBe(String(event.revision));
        const name = recorded?.getStreamIdentifier()?.getStreamName_asU8() ?? new Uint8Array();
        expect(Buffer.from(name).toString()).toBe(event.stream);
        expect(Object.fromEntries(recorded?.getMetadataMap().toObject() ?? [])).toEqual({
          type: event.type,
          'content-type': event.isJson ? 'application/json' : 'application/octet-stream',
          created: `${event.createdMs}0000`,
        });
        expect(Buffer.compare(recorded?.getData_asU8() ?? NOTHING, event.data)).toBe(0);
        expect(Buffer.compare(recorded?.getCustomMetadata_asU8() ?? NOTHING, event.metadata)).toBe(0);
      },
    ),
    { numRuns: 200 },
  );
});

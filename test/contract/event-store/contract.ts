/**
 * What every event store promises (DESIGN §4.9). An adapter passes a factory; the same tests run on all of them.
 * Nothing here relies on positions being numbers, on global event-id checks, or on a file.
 */
import { describe } from 'vitest';
import { appendContract } from './append-contract.ts';
import { copyContract } from './copy-contract.ts';
import { modelContract } from './model-contract.ts';
import { readContract } from './read-contract.ts';
import { type EventStoreFactory, subjectOf } from './subject.ts';
import { subscribeContract } from './subscribe-contract.ts';
import { upcastContract } from './upcast-contract.ts';

export function eventStoreContract(name: string, factory: EventStoreFactory): void {
  describe(`event store contract: ${name}`, () => {
    const parts = [
      appendContract,
      readContract,
      copyContract,
      subscribeContract,
      upcastContract,
      modelContract,
    ];
    for (const part of parts) part(() => subjectOf(factory));
  });
}

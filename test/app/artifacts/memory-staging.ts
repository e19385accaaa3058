/** A staging store in memory, for tests of what is above it. */
import type { StagingStore } from '../../../src/app/ports/staging-store.ts';

export interface MemoryStaging extends StagingStore {
  readonly objects: Map<string, { bytes: Uint8Array; modifiedAt: number }>;
}

export function createMemoryStaging(now: () => number = Date.now): MemoryStaging {
  const objects = new Map<string, { bytes: Uint8Array; modifiedAt: number }>();
  return {
    objects,
    async put(name, bytes) {
      if (objects.has(name)) return false;
      objects.set(name, { bytes: Uint8Array.from(bytes), modifiedAt: now() });
      return true;
    },
    get: async (name) => objects.get(name)?.bytes ?? null,
    async *list(groupPrefix) {
      for (const [name, { bytes, modifiedAt }] of [...objects])
        if (name.startsWith(groupPrefix)) yield { name, size: bytes.length, modifiedAt };
    },
    async remove(names) {
      for (const name of names) objects.delete(name);
    },
  };
}

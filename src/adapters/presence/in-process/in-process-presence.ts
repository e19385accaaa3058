/** Where there is only one process: what is told is heard at once, and nothing is kept. */
import type { PresenceFeed, PresenceSignal } from '../../../app/ports.ts';

export function createInProcessPresence(): PresenceFeed {
  const listeners = new Set<(signals: readonly PresenceSignal[]) => void>();
  return {
    tell(signal) {
      for (const listener of listeners) listener([signal]);
    },
    async follow(listener) {
      listeners.add(listener);
    },
    async stop() {
      listeners.clear();
    },
  };
}

/** Read models that may be folded elsewhere, together with our own index: what a query sees has passed both. */
import type { ReadModelFollower } from '../../app/read-model-follower.ts';
import type { Folded } from './views-client.ts';

export const combined = (index: Folded, readModels: ReadModelFollower): Folded => ({
  position: () => (index.position() < readModels.position() ? index.position() : readModels.position()),
  async waitFor(position, timeout_ms) {
    const both = await Promise.all([
      index.waitFor(position, timeout_ms),
      readModels.waitFor(position, timeout_ms),
    ]);
    return both.every(Boolean);
  },
  onMoved(listener) {
    const stops = [index.onMoved(listener), readModels.onMoved(listener)];
    return () => {
      for (const stop of stops) stop();
    };
  },
});

/** The role that folds read models and hands events on. One is at work, a second waits. */
import type { Candidate } from '../../app/ports.ts';
import type { Check, Context, RunningRole } from '../context.ts';
import type { Shared } from '../shared.ts';

export async function createProjectorRole(
  { views, messaging, runtime }: Shared,
  { log }: Context,
): Promise<RunningRole> {
  if (views === null) throw new Error('the projector needs its thread');
  const { thread, foldsAlways } = views;
  // Opened with the role, so that it is closed after it.
  const relay = await messaging.relay(runtime.store);
  const candidates = new Map<string, Candidate>();
  let lastFailure: string | null = null;

  const fold = async (signal: AbortSignal): Promise<void> => {
    try {
      await thread.fold(signal);
      lastFailure = null;
    } catch (error) {
      lastFailure = String(error);
      if (messaging.alone) log('error', 'read models could not be folded; it is tried again', { error });
      throw error;
    }
  };
  const projector = (): Check => {
    const failure = thread.failure();
    if (foldsAlways)
      return {
        name: 'projector',
        ok: failure === null,
        detail: failure?.message ?? `at ${thread.position()}`,
      };
    const leading = candidates.get('projector')?.state() === 'leading';
    const detail = leading ? 'folds' : (lastFailure ?? 'waits: another process is at work');
    return { name: 'projector', ok: failure === null && (leading || lastFailure === null), detail };
  };

  return {
    name: 'projector',
    checks: () => [projector()],
    async start() {
      if (!foldsAlways) candidates.set('projector', messaging.leadership.compete('projector', fold));
      if (relay !== null) candidates.set('events', messaging.leadership.compete('events', relay));
    },
    async stop() {
      await Promise.all([...candidates.values()].map((candidate) => candidate.stop()));
    },
  };
}

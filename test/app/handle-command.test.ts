import { beforeEach, describe, expect, it } from 'vitest';
import { createMemoryEventStore } from '../../src/adapters/event-store/memory/memory-event-store.ts';
import {
  type CommandEnvelope,
  handleCommand,
  loadStream,
  type Runtime,
} from '../../src/app/handle-command.ts';
import type { EventStore } from '../../src/app/ports.ts';
import type { FleetEvent } from '../../src/domain/fleet/events.ts';
import { accept, type Decider, reject } from '../../src/domain/shared/decider.ts';

/** The smallest aggregate that can refuse, act, and have nothing to do. */
interface State {
  readonly stopped: boolean;
}
type Command = 'stop' | 'lift' | 'refuse';
const switchDecider: Decider<State, Command, FleetEvent> = {
  initialState: { stopped: false },
  decide: (state, command) => {
    if (command === 'refuse') return reject('not-now', 'no', 'wait');
    if ((command === 'stop') === state.stopped) return accept();
    return accept({
      type: command === 'stop' ? 'EmergencyStopped' : 'EmergencyLifted',
      data: { reason: 'test', by: 'ada' },
    });
  },
  evolve: (_, event) => ({ stopped: event.type === 'EmergencyStopped' }),
};

const envelope: CommandEnvelope = { actor: { kind: 'person', id: 'ada' }, source: 'http' };
const keyed = (id: string, digest: string): CommandEnvelope => ({ ...envelope, command: { id, digest } });

describe('handling a command', () => {
  let store: EventStore;
  let runtime: Runtime;
  /** Called once, just before the next append: the place where a race is lost. */
  let intrude: (() => Promise<void>) | null;

  beforeEach(() => {
    intrude = null;
    store = createMemoryEventStore({
      beforeAppend: async () => {
        const act = intrude;
        intrude = null;
        await act?.();
      },
    });
    let id = 0;
    runtime = {
      store,
      now: () => Date.UTC(2027, 0, 1),
      newId: () => `00000000-0000-7000-8000-${String(++id).padStart(12, '0')}`,
      digest: (text) => text,
    };
  });

  const run = (command: Command, by: CommandEnvelope = envelope) =>
    handleCommand(runtime, 'fleet', switchDecider, command, by, {});

  it('appends what was decided and gives revision, position and ids', async () => {
    const outcome = await run('stop');
    expect(outcome).toMatchObject({
      ok: true,
      revision: 0,
      state: { stopped: true },
      events: [{ type: 'EmergencyStopped' }],
    });
    if (outcome.ok) expect(outcome.position).toBe(await store.head());
  });

  it('keeps actor, time, source and command with the append', async () => {
    await run('stop', keyed('key-1', 'body-1'));
    const [event] = (await store.readStreams(['fleet']))[0] ?? [];
    expect(event?.metadata).toMatchObject({
      actor: { kind: 'person', id: 'ada' },
      time: '2027-01-01T00:00:00.000Z',
      source: 'http',
      causationId: null,
      command: { id: 'key-1', digest: 'body-1' },
    });
  });

  it('records nothing for a rejection, nor for a command that has taken effect', async () => {
    expect(await run('refuse')).toMatchObject({ ok: false, rejection: { code: 'not-now' } });
    await run('stop');
    expect(await run('stop')).toMatchObject({ ok: true, revision: 0, position: null, events: [] });
  });

  it('does nothing for a command id it has handled, even when the command would act again', async () => {
    await run('stop', keyed('key-1', 'body'));
    await run('lift');
    expect(await run('stop', keyed('key-1', 'body'))).toMatchObject({ ok: true, revision: 1, events: [] });
  });

  it('refuses a command id that comes with another body', async () => {
    await run('stop', keyed('key-1', 'body'));
    expect(await run('lift', keyed('key-1', 'other'))).toMatchObject({
      ok: false,
      rejection: { code: 'idempotency-key-reused' },
    });
  });

  it('decides again on the new state when it loses a race', async () => {
    intrude = async () => void (await run('stop'));
    expect(await run('stop')).toMatchObject({ ok: true, revision: 0, events: [] });
  });

  it('refuses a stale revision instead of deciding again', async () => {
    await run('stop');
    expect(await run('lift', { ...envelope, expectedRevision: 5 })).toMatchObject({
      ok: false,
      rejection: { code: 'revision-mismatch', details: { expected: 5, actual: 0 } },
    });
    intrude = async () => void (await run('lift'));
    expect(await run('lift', { ...envelope, expectedRevision: 0 })).toMatchObject({
      ok: false,
      rejection: { code: 'revision-mismatch' },
    });
  });

  it('gives up after three lost races, without an event of its own', async () => {
    let flips = 0;
    const again = async (): Promise<void> => {
      flips++;
      const loaded = await loadStream(store, 'fleet', switchDecider);
      // Turned on and off again: the state is the same, but the revision moved on.
      for (const command of loaded.state.stopped ? (['lift', 'stop'] as const) : (['stop', 'lift'] as const))
        await run(command);
      intrude = again;
    };
    intrude = again;
    const outcome = await run('stop');
    intrude = null;
    expect(outcome).toMatchObject({ ok: false, rejection: { code: 'busy' } });
    expect(flips).toBe(4);
  });

  it('does not write on a stream that has events of a newer version', async () => {
    const metadata = {
      actor: envelope.actor,
      time: '2027-01-01T00:00:00.000Z',
      correlationId: 'c',
      causationId: null,
      source: 'http',
    };
    await store.append([
      {
        stream: 'fleet',
        expectedRevision: -1,
        metadata,
        events: [{ id: runtime.newId(), type: 'FleetGrounded', schemaVersion: 1, data: {} }],
      },
    ]);
    expect(await run('stop')).toMatchObject({ ok: false, rejection: { code: 'newer-writer' } });
  });
});

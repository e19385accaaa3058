/**
 * Reads once who is online. A shared subscription brings nothing that is retained, so a bridge that comes with a
 * new session would not learn of vehicles that connected before it did.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../../app/ports/log.ts';
import type { VehicleLinkHandlers } from '../../../app/ports/vehicle-link.ts';
import { parseTopic } from '../../../protocol/topics.ts';
import { readPresence } from '../presence-message.ts';
import type { Dial } from './dialer.ts';
import type { Intake } from './intake.ts';
import { readRetained } from './retained.ts';

export interface PresenceLook {
  /** A look that begins from now on. Several requests before it begins are one. */
  request(): void;
  stop(): Promise<void>;
}

interface LookDeps {
  readonly dial: Dial;
  readonly clientId: string;
  readonly intake: Intake;
  readonly presence: VehicleLinkHandlers['presence'];
  readonly now: () => number;
  readonly log: Log;
}

/** The connections of an uplink come one after another; one look is for all. */
const GATHER_MS = 200;
const AGAIN_MS = 5000;

export function createPresenceLook(deps: LookDeps): PresenceLook {
  const stopping = new AbortController();
  const { signal } = stopping;
  let wanted = false;
  let running: Promise<void> | null = null;

  async function look(): Promise<void> {
    const clientId = `${deps.clientId}-presence-${randomUUID().slice(0, 8)}`;
    for await (const messages of readRetained(deps.dial, { clientId, filter: 'fw/v1/+/presence' })) {
      if (signal.aborted) return;
      const online = messages.flatMap(({ topic, payload }) =>
        readPresence(payload) === 'online' ? (parseTopic(topic)?.vehicleId ?? []) : [],
      );
      for (const vehicleId of online) deps.presence(vehicleId, true, deps.now());
      await Promise.all(online.map(deps.intake.arrive));
    }
  }

  async function run(): Promise<void> {
    let pause_ms = GATHER_MS;
    while (wanted) {
      await sleep(pause_ms, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      wanted = false;
      try {
        await look();
      } catch (error) {
        wanted = true;
        pause_ms = AGAIN_MS;
        deps.log('warn', 'could not read which vehicles are online, trying again', { error });
      }
    }
  }

  return {
    request() {
      wanted = true;
      running ??= run().finally(() => {
        running = null;
      });
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

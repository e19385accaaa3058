/** Callers of the HTTP API who never rest: what was answered to them must be there after every kill. */
import { randomUUID } from 'node:crypto';
import { planVehicle } from '../../../src/demo/fleet-plan.ts';
import type { Stage } from './stage.ts';

export interface Answered {
  readonly vin: string;
  readonly status: number;
  readonly revision: number;
  /** `Fleetwave-Position` of the answer. */
  readonly position: string;
  /** How often it was sent until an answer came. */
  readonly sent: number;
}

export interface Writers {
  /** In the order in which the answers came. */
  readonly answered: readonly Answered[];
  stop(): Promise<void>;
}

const WRITERS = 2;
const PAUSE_MS = 15;
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));

/** Registers one vehicle after another. Whoever gets no answer sends the same again, with the same key. */
export function startWriters(stage: Stage, key: string, seed: number): Writers {
  const answered: Answered[] = [];
  let stopping = false;
  let next = 1_000_000;

  async function put(): Promise<void> {
    const { vin, ...body } = planVehicle(seed, next++).row;
    const headers = {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    };
    for (let sent = 1; !stopping; sent++) {
      try {
        const url = `${stage.ready.http}/v1/vehicles/${vin}`;
        const response = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(body) });
        const { revision } = (await response.json()) as { revision: number };
        const position = response.headers.get('fleetwave-position') ?? '';
        answered.push({ vin, status: response.status, revision, position, sent });
        return;
      } catch (error) {
        // Refused or cut off: it is being killed, or not there yet.
        if (!(error instanceof TypeError)) throw error;
        await pause();
      }
    }
  }
  const write = async (): Promise<void> => {
    while (!stopping) {
      await put();
      await pause();
    }
  };
  const ended = Promise.all(Array.from({ length: WRITERS }, write));
  return {
    answered,
    async stop() {
      stopping = true;
      await ended;
    },
  };
}

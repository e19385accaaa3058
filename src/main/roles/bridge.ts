/** The role that takes what vehicles say, and puts it where the owner of their shard finds it. */

import type { EmbeddedBroker } from '../../adapters/vehicle-link/embedded-broker/embedded-broker.ts';
import type { VehicleLinkHandlers } from '../../app/ports.ts';
import { createCredentialCheck } from '../../app/vehicle-link/credentials.ts';
import { createLinkHandlers } from '../../app/vehicle-link/link-handlers.ts';
import type { Context, RunningRole } from '../context.ts';
import { openUplink, startEmbedded, type Uplink, type UplinkOptions } from '../engines/vehicle-links.ts';
import type { Shared } from '../shared.ts';

export interface BridgeRole extends RunningRole {
  /** Null before it is started. */
  readonly uplink: () => Uplink | null;
  /** Null for an external broker, and before it is started. */
  readonly broker: () => EmbeddedBroker | null;
}

export async function createBridgeRole(
  shared: Shared,
  context: Context,
  render: VehicleLinkHandlers['render'],
): Promise<BridgeRole> {
  const { messaging, runtime, keys } = shared;
  const feedback = await messaging.sink();
  const { presence } = messaging;
  const handlers = createLinkHandlers({
    authenticate: createCredentialCheck({ store: runtime.store, fleetSecrets: keys.fleetSecrets }),
    render,
    feedback,
    presence: {
      presence: (vehicleId, online, at) => presence.tell({ vehicleId, online, at }),
      heard: (vehicleId, at) => presence.tell({ vehicleId, online: null, at }),
    },
  });
  const options: UplinkOptions = { handlers, feedback, presence };
  const { mqtt } = context.config;
  let uplink: Uplink | null = null;
  let broker: EmbeddedBroker | null = null;
  return {
    name: 'bridge',
    uplink: () => uplink,
    broker: () => broker,
    checks: () => [
      {
        name: 'bridge',
        ok: uplink?.connected() ?? false,
        detail: uplink?.connected() === true ? 'vehicles can talk' : 'the broker is not connected',
      },
    ],
    async start() {
      if (mqtt !== undefined) {
        uplink = await openUplink(context, mqtt, options);
        return;
      }
      const embedded = await startEmbedded(context, options);
      broker = embedded.broker;
      uplink = embedded;
    },
    async stop() {
      await uplink?.stop();
    },
  };
}

/** Services that record one event per command, through the real command handling on the real (memory) log. */
import { createHash } from 'node:crypto';
import type {
  ArtifactApi,
  CampaignApi,
  Outcome,
  TargetingApi,
  VehicleApi,
} from '../../../src/api/services.ts';
import type { FileTaker } from '../../../src/app/artifacts/store-staged.ts';
import { type CommandEnvelope, handleCommand, type Runtime } from '../../../src/app/handle-command.ts';
import type { DomainEvent } from '../../../src/domain/events.ts';
import { accept, type Decider, reject } from '../../../src/domain/shared/decider.ts';
import { artifactStream, campaignStream, vehicleStream } from '../../../src/domain/shared/streams.ts';

interface State {
  readonly created: boolean;
}
interface Command {
  readonly event: DomainEvent;
  readonly creates: boolean;
}

const decider: Decider<State, Command, DomainEvent> = {
  initialState: { created: false },
  decide: (state, command) => {
    if (!command.creates && !state.created)
      return reject('not-found', 'there is no such thing', 'Check the id.');
    return command.creates && state.created ? accept() : accept(command.event);
  },
  evolve: () => ({ created: true }),
};

const run = (
  runtime: Runtime,
  stream: string,
  event: DomainEvent,
  envelope: CommandEnvelope,
  creates: boolean,
): Promise<Outcome> => handleCommand(runtime, stream, decider, { event, creates }, envelope, {});

const by = 'someone';

export function fakeCampaigns(runtime: Runtime): CampaignApi {
  return {
    execute: (campaignId, command, envelope) => {
      const event: DomainEvent =
        command.type === 'CreateCampaign'
          ? {
              type: 'CampaignCreated',
              data: {
                campaignId,
                title: command.title,
                purpose: command.purpose,
                policy: command.policy,
                by,
              },
            }
          : { type: 'CampaignResumed', data: { campaignId, reason: command.type, by } };
      return run(runtime, campaignStream(campaignId), event, envelope, command.type === 'CreateCampaign');
    },
    waitForTargets: async () => true,
    waitForHalt: async () => ({ missing: [] }),
    events: async () => null,
    history: async () => null,
  };
}

export function fakeVehicles(runtime: Runtime): VehicleApi {
  const registered = new Set<string>();
  const checked = (vin: string) =>
    /^[A-HJ-NPR-Z0-9]{17}$/.test(vin)
      ? null
      : ({
          ok: false,
          rejection: { code: 'invalid-vin', message: `${vin} is no VIN`, hint: 'Correct it.' },
        } as const);
  const register = async (vin: string, envelope: CommandEnvelope): Promise<Outcome> => {
    registered.add(vin);
    const data = { vehicleId: vin, vin: { clear: vin }, checkDigitValid: true };
    return run(runtime, vehicleStream(vin), { type: 'VehicleRegistered', data }, envelope, true);
  };
  return {
    vinOf: async (id) => id,
    resolve: async (id) => (registered.has(id) ? id : null),
    put: async ({ vin }, envelope) => ({
      vehicleId: vin,
      outcome: checked(vin) ?? (await register(vin, envelope)),
    }),
    availableUpdates: async () => [],
    execute: (vehicleId, command, envelope) => {
      const data = { vehicleId, code: command.type };
      return run(runtime, vehicleStream(vehicleId), { type: 'ServiceCleared', data }, envelope, false);
    },
    importRows: (rows, envelope) =>
      Promise.all(
        rows.map(async ({ vin }) => {
          const bad = checked(vin);
          if (bad !== null) return bad;
          await register(vin, envelope);
          return { ok: true, vehicleId: vin } as const;
        }),
      ),
    issueCredential: async (vehicleId, envelope) => {
      const data = { vehicleId, generation: 1, fleetSecretId: 'f1' };
      const event: DomainEvent = { type: 'CredentialIssued', data };
      const outcome = await run(runtime, vehicleStream(vehicleId), event, envelope, false);
      return { outcome, credential: { vehicleId, username: vehicleId, password: 'p', generation: 1 } };
    },
    credentials: async (vehicleIds) => ({
      ok: true,
      credentials: vehicleIds.map((vehicleId) => ({
        vehicleId,
        username: vehicleId,
        password: 'p',
        generation: 1,
      })),
    }),
  };
}

export const CONTENT = Buffer.from('0123456789');
export const CONTENT_SHA256 = createHash('sha256').update(CONTENT).digest('hex');

export function fakeArtifacts(runtime: Runtime): ArtifactApi & FileTaker {
  const store = (artifactId: string, envelope: CommandEnvelope, creates: boolean): Promise<Outcome> => {
    const data = { artifactId, reason: 'because', by };
    return run(runtime, artifactStream(artifactId), { type: 'ArtifactDeprecated', data }, envelope, creates);
  };
  return {
    execute: (id, command, envelope) => store(id, envelope, command.type === 'RegisterArtifact'),
    validate: (id, _report, envelope) => store(id, envelope, false),
    release: async () => ({
      ok: false,
      rejection: { code: 'four-eyes', message: 'you uploaded it', hint: 'Ask another person.' },
    }),
    judgeUpload: async () => null,
    upload: async (id, upload, envelope) => {
      const hash = createHash('sha256');
      for await (const chunk of upload.bytes) hash.update(chunk);
      if (hash.digest('hex') === upload.sha256) return store(id, envelope, false);
      return {
        ok: false,
        rejection: { code: 'digest-mismatch', message: 'other bytes', hint: 'Send again.' },
      };
    },
    openContent: async (token, sha256) => {
      if (token === 'good' && sha256 === CONTENT_SHA256) return { ok: true, size: CONTENT.length };
      return { ok: false, rejection: { code: 'token-invalid', message: 'no', hint: 'Wait for a grant.' } };
    },
    async *readContent(_sha256, { start, end }) {
      yield CONTENT.subarray(start, end + 1);
    },
  };
}

export const fakeTargeting = (): TargetingApi => ({
  preview: async () => ({ ok: true, matched: 3, compatible: 2, reasons: [], facets: {} }),
  listsWith: async () => [],
  putList: async (_id, vehicles) => ({ ok: true, vehicles: vehicles.length }),
});

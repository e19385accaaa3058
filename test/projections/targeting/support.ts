/** Events of vehicles, artifacts and lists as a log would hold them. */
import type { EventBatch, RecordedEvent } from '../../../src/app/ports.ts';
import type { ArtifactFacts } from '../../../src/domain/artifact/compatibility.ts';
import type { DomainEvent } from '../../../src/domain/events.ts';
import { schemaVersionOf } from '../../../src/domain/events.ts';
import { artifactStream, vehicleListStream, vehicleStream } from '../../../src/domain/shared/streams.ts';
import type { Ecu, VehicleDescription } from '../../../src/domain/vehicle/events.ts';

export class Log {
  readonly #events: RecordedEvent[] = [];
  readonly #revisions = new Map<string, number>();
  #given = 0;

  add(stream: string, ...events: readonly DomainEvent[]): this {
    for (const { type, data } of events) {
      const revision = (this.#revisions.get(stream) ?? -1) + 1;
      this.#revisions.set(stream, revision);
      const number = this.#events.length + 1;
      this.#events.push({
        id: `event-${number}`,
        type,
        schemaVersion: schemaVersionOf(type),
        data,
        stream,
        revision,
        position: String(number).padStart(12, '0'),
        metadata: {
          actor: { kind: 'system', id: 'test' },
          time: '2026-01-01T00:00:00.000Z',
          correlationId: 'c',
          causationId: null,
          source: 'system',
        },
      });
    }
    return this;
  }

  /** What was added since the last call. */
  batch(): EventBatch {
    const events = this.#events.slice(this.#given);
    this.#given = this.#events.length;
    return { events, position: this.#events.at(-1)?.position ?? '' };
  }
}

export const vehicle = (
  log: Log,
  vehicleId: string,
  description: Partial<VehicleDescription> = {},
  ecus: readonly Ecu[] = [tcm('1.0.0')],
): Log =>
  log.add(
    vehicleStream(vehicleId),
    { type: 'VehicleRegistered', data: { vehicleId, vin: { clear: vehicleId }, checkDigitValid: true } },
    { type: 'VehicleDescribed', data: { vehicleId, description: described(description) } },
    { type: 'InventoryReported', data: { vehicleId, source: 'plant', ecus: [...ecus], report: null } },
  );

export const described = (changes: Partial<VehicleDescription> = {}): VehicleDescription => ({
  brand: 'Acme',
  model: 'X',
  variant: '',
  region: 'DE',
  timeZone: 'Europe/Berlin',
  tags: [],
  buildDate: null,
  ...changes,
});

export const tcm = (softwareVersion: string, serial = '', position = ''): Ecu => ({
  type: 'TCM',
  position,
  serial,
  hardware: { part: 'T-1', version: '1.0' },
  components: [{ name: 'main', part: '', softwareVersion }],
});

export const noRequirements: ArtifactFacts['requirements'] = {
  hardware: [],
  previousSoftware: null,
  regions: [],
  models: [],
  variants: [],
  dependencies: [],
};

export function artifact(
  log: Log,
  artifactId: string,
  requirements: Partial<ArtifactFacts['requirements']> = {},
  ecuType = 'TCM',
): ArtifactFacts {
  const [name = '', version = ''] = artifactId.split('@');
  const facts: ArtifactFacts = {
    artifactId,
    version,
    versionScheme: 'semver',
    target: { ecuType, component: 'main' },
    requirements: { ...noRequirements, ...requirements },
  };
  log.add(artifactStream(artifactId), {
    type: 'ArtifactRegistered',
    data: {
      ...facts,
      requirements: { ...noRequirements, ...requirements },
      target: { ecuType, component: 'main' },
      name,
      kind: 'firmware',
      releaseType: 'routine',
      releaseNotes: '',
      supersedes: null,
      by: 'ada',
    },
  });
  return facts;
}

/** Stores a list in parts of this many vehicles. */
export function list(log: Log, listId: string, vehicles: readonly string[], partSize = 20_000): Log {
  const parts = Math.max(1, Math.ceil(vehicles.length / partSize));
  const replacementId = `00000000-0000-4000-8000-${String(vehicles.length).padStart(12, '0')}`;
  for (let part = 0; part < parts; part++)
    log.add(vehicleListStream(listId), {
      type: 'VehicleListPartStored',
      data: {
        listId,
        replacementId,
        part,
        last: part === parts - 1,
        vehicles: vehicles.slice(part * partSize, (part + 1) * partSize),
        by: 'ada',
      },
    });
  return log;
}

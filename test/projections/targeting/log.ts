/** A log in memory for the targeting index: vehicles as events in the order in which they happened. */
import type { EventBatch, RecordedEvent } from '../../../src/app/ports.ts';
import type { ArtifactFacts } from '../../../src/domain/artifact/compatibility.ts';
import type { DomainEvent } from '../../../src/domain/events.ts';
import { artifactStream, vehicleListStream, vehicleStream } from '../../../src/domain/shared/streams.ts';
import type { Ecu, VehicleDescription } from '../../../src/domain/vehicle/events.ts';

const metadata = {
  actor: { kind: 'person', id: 'anna' },
  time: '2026-01-01T00:00:00.000Z',
  correlationId: 'c',
  causationId: null,
  source: 'cli',
} as const;

export interface Car extends VehicleDescription {
  readonly vehicleId: string;
  readonly ecus: readonly Ecu[];
}

export class MemoryLog {
  readonly events: RecordedEvent[] = [];
  readonly #revisions = new Map<string, number>();

  append(stream: string, event: DomainEvent): void {
    const revision = (this.#revisions.get(stream) ?? -1) + 1;
    this.#revisions.set(stream, revision);
    const number = this.events.length + 1;
    this.events.push({
      id: `event-${number}`,
      type: event.type,
      schemaVersion: 1,
      data: event.data,
      stream,
      revision,
      position: number.toString(16).padStart(16, '0'),
      metadata,
    });
  }

  /** Everything after that many events. */
  batch(after = 0): EventBatch {
    return { events: this.events.slice(after), position: this.events.at(-1)?.position ?? '' };
  }

  vehicle(event: Extract<DomainEvent, { data: { vehicleId: string } }>): void {
    this.append(vehicleStream(event.data.vehicleId), event);
  }

  register({ vehicleId, ecus, ...description }: Car, vin: string | null = vehicleId): void {
    const stored = vin === null ? { sealed: 'AAAA', keyId: 'k' } : { clear: vin };
    this.vehicle({ type: 'VehicleRegistered', data: { vehicleId, vin: stored, checkDigitValid: true } });
    this.vehicle({ type: 'VehicleDescribed', data: { vehicleId, description } });
    this.report(vehicleId, ecus);
  }

  report(vehicleId: string, ecus: readonly Ecu[]): void {
    this.vehicle({
      type: 'InventoryReported',
      data: { vehicleId, source: 'plant', ecus: [...ecus], report: null },
    });
  }

  artifact({ artifactId, version, versionScheme, target, requirements }: ArtifactFacts): void {
    this.append(artifactStream(artifactId), {
      type: 'ArtifactRegistered',
      data: {
        artifactId,
        name: artifactId.slice(0, artifactId.indexOf('@')),
        version,
        versionScheme,
        kind: 'firmware',
        target,
        releaseType: 'routine',
        releaseNotes: '',
        supersedes: null,
        requirements,
        by: 'anna',
      },
    });
  }

  /** One part of a replacement. */
  list(
    listId: string,
    vehicles: readonly string[],
    part = { replacementId: UUID, part: 0, last: true },
  ): void {
    this.append(vehicleListStream(listId), {
      type: 'VehicleListPartStored',
      data: { listId, ...part, vehicles: [...vehicles], by: 'anna' },
    });
  }
}

export const UUID = '00000000-0000-4000-8000-000000000000';

export const ecu = (type: string, softwareVersion: string, part = 'P-1', position = ''): Ecu => ({
  type,
  position,
  serial: 'S-1',
  hardware: { part, version: '1.0.0' },
  components: [{ name: 'main', part: '', softwareVersion }],
});

export const car = (vehicleId: string, change: Partial<Car> = {}): Car => ({
  vehicleId,
  brand: 'Acme',
  model: 'X',
  variant: '',
  region: 'DE',
  timeZone: 'Europe/Berlin',
  tags: [],
  buildDate: null,
  ecus: [ecu('TCM', '1.0.0')],
  ...change,
});

export const artifact = (
  artifactId: string,
  needs: Partial<ArtifactFacts['requirements']> = {},
  target = { ecuType: 'TCM', component: 'main' },
): ArtifactFacts => ({
  artifactId,
  version: artifactId.slice(artifactId.indexOf('@') + 1),
  versionScheme: 'semver',
  target,
  requirements: {
    hardware: [],
    previousSoftware: null,
    regions: [],
    models: [],
    variants: [],
    dependencies: [],
    ...needs,
  },
});

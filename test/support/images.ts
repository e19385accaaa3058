/** The container images that the contracts are tried on; docker-compose.yml runs the same. */
export const IMAGES = {
  eventstore: 'eventstore/eventstore:24.10.5-bookworm-slim',
  /** The same product under its new name: EVENTSTORE_IMAGE chooses it. */
  kurrentdb: 'kurrentplatform/kurrentdb:25.1.3',
  kafka: 'apache/kafka:4.1.2',
  mongodb: 'mongo:7.0.26',
  mosquitto: 'eclipse-mosquitto:2.0.22',
  s3: 'quay.io/minio/minio:RELEASE.2025-04-22T22-12-26Z',
  azurite: 'mcr.microsoft.com/azure-storage/azurite:3.37.0',
} as const;

/** Which server it is, and whether it is new enough. */
import features from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import { EventStoreError } from '../errors.ts';
import type { Session } from './connection.ts';

/** From here on a subscription says when it has caught up, and a read of a stream where its events are in `$all`. */
export const OLDEST_VERSION = '23.10';

/** As the server tells it, such as 24.10.4. @throws what gRPC says. */
export function serverVersion(session: Session, deadline_ms: number): Promise<string> {
  const client = new features.ServerFeaturesClient('', session.credentials, {
    channelOverride: session.channel,
  });
  const [metadata, options] = session.call(deadline_ms);
  return new Promise((resolve, reject) => {
    client.getSupportedMethods(new shared.Empty(), metadata, options, (error, methods) => {
      if (error !== null) reject(error);
      else resolve(methods.getEventStoreServerVersion());
    });
  });
}

export function isSupported(version: string): boolean {
  const [major, minor] = numbersOf(version);
  const [oldestMajor, oldestMinor] = numbersOf(OLDEST_VERSION);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/** @throws EventStoreError 'unsupported' for a server that is too old. */
export function checkVersion(version: string): void {
  if (isSupported(version)) return;
  throw new EventStoreError(
    'unsupported',
    `the event store is EventStoreDB ${version}; Fleetwave needs ${OLDEST_VERSION} or later`,
  );
}

function numbersOf(version: string): readonly [number, number] {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return [major, minor];
}

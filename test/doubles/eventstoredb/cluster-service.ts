/** ServerFeatures and Gossip: what a client asks before it asks for anything else. */
import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import type shared from '@eventstore/db-client/generated/shared_pb.js';
import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import type { Endpoint } from './errors.ts';
import { uuidMessage } from './wire.ts';

type Answer<T> = (call: ServerUnaryCall<shared.Empty, T>, answer: sendUnaryData<T>) => void;

/** Methods this double has, spelt in lower case as the server does, with the features of each. */
const METHODS: readonly (readonly [service: string, method: string, features: readonly string[]])[] = [
  ['event_store.client.streams.streams', 'read', ['position', 'events']],
  ['event_store.client.streams.streams', 'append', []],
  ['event_store.client.streams.streams', 'delete', []],
  ['event_store.client.streams.streams', 'tombstone', []],
  ['event_store.client.streams.streams', 'batchappend', ['deadline_duration']],
  ['event_store.client.gossip.gossip', 'read', []],
  ['event_store.client.server_features.serverfeatures', 'getsupportedmethods', []],
];

export function supportedMethodsHandler(version: string): Answer<features.SupportedMethods> {
  const supported = new features.SupportedMethods();
  supported.setEventStoreServerVersion(version);
  for (const [service, name, itsFeatures] of METHODS) {
    const method = new features.SupportedMethod();
    method
      .setServiceName(service)
      .setMethodName(name)
      .setFeaturesList([...itsFeatures]);
    supported.addMethods(method);
  }
  return (_call, answer) => answer(null, supported);
}

export interface Member extends Endpoint {
  readonly instanceId: string;
  readonly leads: boolean;
  readonly alive: boolean;
}

export function gossipHandler(members: () => readonly Member[]): Answer<gossip.ClusterInfo> {
  return (_call, answer) => {
    const info = new gossip.ClusterInfo();
    for (const member of members()) {
      const endpoint = new gossip.EndPoint();
      endpoint.setAddress(member.host).setPort(member.port);
      const message = new gossip.MemberInfo();
      message.setInstanceId(uuidMessage(member.instanceId, true));
      message.setTimeStamp(`${Date.now()}0000`);
      message.setState(
        member.leads ? gossip.MemberInfo.VNodeState.LEADER : gossip.MemberInfo.VNodeState.FOLLOWER,
      );
      message.setIsAlive(member.alive);
      message.setHttpEndPoint(endpoint);
      info.addMembers(message);
    }
    answer(null, info);
  };
}

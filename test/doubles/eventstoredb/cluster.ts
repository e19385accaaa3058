/** Two or more nodes over one log: a cluster that a client discovers by gossip and whose leader can change. */
import { randomUUID } from 'node:crypto';
import type { Member } from './cluster-service.ts';
import { type DoubleOptions, type EventStoreDouble, openStorage, startNode } from './double.ts';

export interface ClusterDouble {
  readonly nodes: readonly EventStoreDouble[];
  /** Names all nodes, so that the client asks them who leads. */
  readonly url: string;
  /** Makes another node the leader; the others say so to those who require the leader. */
  lead(index: number): void;
  /** Stops one node; the others gossip that it is dead. */
  stopNode(index: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts `count` nodes on free ports; the first leads. Followers serve what does not require the leader. */
export async function startClusterDouble(
  count: number,
  options: Omit<DoubleOptions, 'port'> = {},
): Promise<ClusterDouble> {
  const storage = await openStorage(options);
  const members: { -readonly [key in keyof Member]: Member[key] }[] = [];
  const nodes: EventStoreDouble[] = [];
  for (let index = 0; index < count; index++) {
    nodes.push(
      await startNode(storage, options, (port) => {
        const self = {
          host: '127.0.0.1',
          port,
          instanceId: randomUUID(),
          leads: index === 0,
          alive: true,
        };
        members.push(self);
        return {
          members: () => members,
          leader: () => (self.leads ? undefined : members.find(({ leads }) => leads)),
        };
      }),
    );
  }
  const stopNode = async (index: number): Promise<void> => {
    const member = members[index];
    if (member?.alive !== true) return;
    member.alive = false;
    await nodes[index]?.stop();
  };
  return {
    nodes,
    url: `esdb://${members.map(({ host, port }) => `${host}:${port}`).join(',')}?tls=${options.tls !== undefined}`,
    lead(index) {
      for (const [each, member] of members.entries()) member.leads = each === index;
    },
    stopNode,
    async stop() {
      await Promise.all(nodes.map((_node, index) => stopNode(index)));
      storage.close();
    },
  };
}

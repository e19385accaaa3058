/**
 * Who of a group gets which partition: evenly, and with as few moves as that allows, because every move of a shard
 * means reading it from the log. kafkajs brings only round robin, which moves most of them when a member comes.
 */
import { AssignerProtocol, type PartitionAssigner } from 'kafkajs';

export interface ClaimingMember {
  readonly memberId: string;
  /** Partitions that it has and would like to keep. */
  readonly claims: readonly number[];
}

/** The same answer for the same members in any order. Counts of any two members differ by one at most. */
export function assignSticky(
  members: readonly ClaimingMember[],
  partitions: readonly number[],
): Map<string, number[]> {
  const sorted = members.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const assigned = new Map<string, number[]>(sorted.map(({ memberId }) => [memberId, []]));
  if (sorted.length === 0) return assigned;
  const free = new Set(partitions);
  const least = Math.floor(partitions.length / sorted.length);
  let larger = partitions.length % sorted.length;
  const keep = (member: ClaimingMember, upTo: number): void => {
    const mine = assigned.get(member.memberId) ?? [];
    for (const partition of member.claims)
      if (mine.length < upTo && free.delete(partition)) mine.push(partition);
  };
  for (const member of sorted) keep(member, least);
  for (const member of sorted) {
    if (larger === 0) break;
    keep(member, least + 1);
    if ((assigned.get(member.memberId)?.length ?? 0) > least) larger -= 1;
  }
  const left = [...free];
  for (const mine of assigned.values()) {
    while (mine.length < least) mine.push(...left.splice(0, 1));
    if (larger === 0 || mine.length > least) continue;
    mine.push(...left.splice(0, 1));
    larger -= 1;
  }
  return assigned;
}

const NAME = 'fleetwave-sticky';
const VERSION = 1;

/** @param claims asked at every join; they travel to the member that assigns. The group has one topic. */
export const stickyAssigner =
  (claims: () => readonly number[]): PartitionAssigner =>
  ({ cluster }) => ({
    name: NAME,
    version: VERSION,
    protocol: ({ topics }) => ({
      name: NAME,
      metadata: AssignerProtocol.MemberMetadata.encode({
        version: VERSION,
        topics,
        userData: Buffer.from(JSON.stringify(claims())),
      }),
    }),
    async assign({ members, topics }) {
      const [topic = ''] = topics;
      const partitions = cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId);
      const claiming = members.map(({ memberId, memberMetadata }) => ({
        memberId,
        claims: claimsOf(memberMetadata),
      }));
      return [...assignSticky(claiming, partitions)].map(([memberId, mine]) => ({
        memberId,
        memberAssignment: AssignerProtocol.MemberAssignment.encode({
          version: VERSION,
          assignment: { [topic]: mine },
          userData: Buffer.alloc(0),
        }),
      }));
    },
  });

/** What another version of us may have put there is no reason to assign nothing. */
function claimsOf(metadata: Buffer): readonly number[] {
  try {
    const userData = AssignerProtocol.MemberMetadata.decode(metadata)?.userData.toString() ?? '';
    const claims: unknown = JSON.parse(userData);
    return Array.isArray(claims) ? claims.filter((claim) => Number.isInteger(claim)) : [];
  } catch {
    return [];
  }
}

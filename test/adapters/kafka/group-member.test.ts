/** Members of groups that end while they begin. */
import { afterEach, expect, it } from 'vitest';
import { GroupMember } from '../../../src/adapters/kafka/group-member.ts';
import { corner, TIMING } from './kit.ts';
import { patiently } from './patiently.ts';

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

it('who is stopped while it begins leaves what it would be given to the others', async () => {
  const here = await corner(4);
  const given: number[][] = [[], []];
  const members = given.map(
    (_, n) =>
      new GroupMember(here.connection, {
        ...TIMING,
        groupId: `${here.prefix}.group`,
        topic: here.connection.topics.feedback,
        onJoined: ({ partitions }) => {
          given[n] = [...partitions];
        },
        onMessages: () => undefined,
      }),
  );
  const [first, second] = members;
  ending.push(async () => first?.stop());
  await first?.start();
  await patiently(() => expect(given[0]).toHaveLength(4));
  const started = second?.start();
  await second?.stop();
  await started;

  const admin = here.connection.admin();
  ending.push(() => admin.disconnect());
  await admin.connect();
  // Longer than a session: who is heard of is a member that nobody here has.
  await new Promise((resolve) => setTimeout(resolve, 2 * TIMING.sessionTimeout_ms));
  await patiently(async () => {
    const { groups } = await admin.describeGroups([`${here.prefix}.group`]);
    expect(groups[0]?.members).toHaveLength(1);
    expect(given[0]).toHaveLength(4);
  });
});

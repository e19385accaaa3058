/** Which filters a connection of the uplink has. */
import type { MqttConnection } from './dialer.ts';

export interface Interest {
  readonly group: string;
  /** `every`: presence comes to every process, with what is retained; `shared`: to one of the group. */
  readonly presence: 'shared' | 'every';
}

const plain = (name: string): string => `fw/v1/+/${name}`;
const shared = (group: string, name: string): string => `$share/${group}/fw/v1/+/${name}`;
const NAMES = ['feedback', 'inventory', 'presence'] as const;

/** Whether messages can be shared out to several connections. */
export const canShare = ({ protocolVersion, limits }: MqttConnection): boolean =>
  protocolVersion === 5 && limits.sharedSubscriptionAvailable !== false;

/**
 * Filters of the connection with this number, from 0. Where nothing can be shared only the first has any: two with
 * the same filter would get everything twice.
 */
export function filtersOf({ group, presence }: Interest, sharing: boolean, number: number): string[] {
  if (!sharing) return number === 0 ? NAMES.map(plain) : [];
  const own = ['feedback', 'inventory'].map((name) => shared(group, name));
  if (presence === 'shared') return [...own, shared(group, 'presence')];
  return number === 0 ? [...own, plain('presence')] : own;
}

/**
 * Subscribes anew, which also brings what is retained. A session may remember filters from when the broker or our
 * settings were others; these are given up.
 */
export async function subscribe(
  { client, sessionPresent }: MqttConnection,
  { group }: Interest,
  filters: readonly string[],
): Promise<void> {
  const strange = NAMES.flatMap((name) => [plain(name), shared(group, name)]).filter(
    (filter) => !filters.includes(filter),
  );
  await Promise.all([
    sessionPresent ? client.unsubscribeAsync(strange) : null,
    client.subscribeAsync([...filters], { qos: 1 }),
  ]);
}

/** Stream names of DESIGN §3: the one place where they are written and taken apart. */
import { shardOf } from './shard.ts';

export const artifactStream = (artifactId: string): string => `artifact-${artifactId}`;
/** Claims a name for one target, so that two racing registrations cannot both win. */
export const artifactNameStream = (name: string): string => `artifactname-${name}`;
export const vehicleStream = (vehicleId: string): string => `vehicle-${shardOf(vehicleId)}-${vehicleId}`;
export const campaignStream = (campaignId: string): string => `campaign-${campaignId}`;
export const targetsStream = (campaignId: string, shard: number): string => `targets-${campaignId}-${shard}`;
export const rolloutStream = (campaignId: string, shard: number): string => `rollout-${campaignId}-${shard}`;
export const allowanceStream = (campaignId: string): string => `allowance-${campaignId}`;
export const shardStream = (shard: number): string => `shard-${shard}`;
export const vehicleListStream = (listId: string): string => `list-${listId}`;
export const FLEET_STREAM = 'fleet';
export const ACCESS_STREAM = 'access';
export const DEPLOYMENT_STREAM = 'deployment';

export type StreamRef =
  | { readonly category: 'artifact'; readonly artifactId: string }
  | { readonly category: 'artifactname'; readonly name: string }
  | { readonly category: 'vehicle'; readonly vehicleId: string; readonly shard: number }
  | { readonly category: 'campaign' | 'allowance'; readonly campaignId: string }
  | { readonly category: 'targets' | 'rollout'; readonly campaignId: string; readonly shard: number }
  | { readonly category: 'shard'; readonly shard: number }
  | { readonly category: 'list'; readonly listId: string }
  | { readonly category: 'fleet' | 'access' | 'deployment' }
  | { readonly category: 'unknown' };

/** Takes a stream name apart. Campaign ids may contain `-`, so the shard is what follows the last one. */
export function parseStream(stream: string): StreamRef {
  if (stream === FLEET_STREAM || stream === ACCESS_STREAM || stream === DEPLOYMENT_STREAM)
    return { category: stream };
  const dash = stream.indexOf('-');
  const category = stream.slice(0, dash);
  const rest = stream.slice(dash + 1);
  const last = rest.lastIndexOf('-');
  switch (category) {
    case 'artifact':
      return { category, artifactId: rest };
    case 'artifactname':
      return { category, name: rest };
    case 'campaign':
    case 'allowance':
      return { category, campaignId: rest };
    case 'targets':
    case 'rollout':
      return { category, campaignId: rest.slice(0, last), shard: Number(rest.slice(last + 1)) };
    case 'vehicle': {
      const first = rest.indexOf('-');
      return { category, shard: Number(rest.slice(0, first)), vehicleId: rest.slice(first + 1) };
    }
    case 'list':
      return { category, listId: rest };
    case 'shard':
      return { category, shard: Number(rest) };
    default:
      return { category: 'unknown' };
  }
}

/** Prefixes that hold one campaign's history. Prefixes can over-match: check with `campaignOf` too. */
export const campaignPrefixes = (campaignId: string): readonly string[] => [
  `campaign-${campaignId}`,
  `targets-${campaignId}-`,
  `rollout-${campaignId}-`,
  `allowance-${campaignId}`,
];

/** The campaign a stream belongs to, or null. */
export function campaignOf(stream: string): string | null {
  const ref = parseStream(stream);
  return 'campaignId' in ref ? ref.campaignId : null;
}

/** What the lifecycle rules of a bucket would do to our objects. */
import type { LifecycleRule } from '@aws-sdk/client-s3';
import { bad, type Finding, good } from '../../../app/ports/probe.ts';
import { CONTENT, INCOMING } from '../object-storage.ts';
import { STAGED } from '../staged-name.ts';

const CHECK = 'artifact store rules';
/** Objects there can't be read before they are restored, which takes hours. */
const ARCHIVES = new Set(['GLACIER', 'DEEP_ARCHIVE']);

/**
 * A rule that deletes or archives content is a fault: vehicles would find nothing there. One that ends cut-off uploads
 * is good to have, for they are paid for.
 */
export function lifecycleFindings(
  rules: readonly LifecycleRule[],
  prefix: string,
  versioned: boolean,
): Finding[] {
  const active = rules.filter(({ Status }) => Status === 'Enabled');
  const harmful = active.filter((rule) => mayMeet(rule, `${prefix}${CONTENT}`) && takesAway(rule));
  if (harmful.length > 0)
    return harmful.map(({ ID }) =>
      bad(
        CHECK,
        `the lifecycle rule ${ID ?? 'without a name'} deletes or archives artifacts`,
        `Limit it to other objects than ${prefix}${CONTENT}.`,
      ),
    );
  const incoming = `${prefix}${INCOMING}`;
  const ends = active.some(
    (rule) => mayMeet(rule, incoming) && rule.AbortIncompleteMultipartUpload !== undefined,
  );
  const advice = [
    ...(ends ? [] : [`Set a rule that ends incomplete uploads and expires ${incoming} after a day.`]),
    ...(versioned
      ? [`Versioning is on: let it expire noncurrent versions of ${incoming} and ${prefix}${STAGED} too.`]
      : []),
  ];
  const detail = ends ? 'a rule ends uploads that were cut off' : 'no rule ends uploads that were cut off';
  return [{ ...good(CHECK, detail), advice: advice.join(' ') }];
}

/** Our objects have no tags, so a rule for tags never meets them. */
function mayMeet({ Filter, Prefix }: LifecycleRule, ours: string): boolean {
  const tags = Filter?.Tag !== undefined || (Filter?.And?.Tags?.length ?? 0) > 0;
  const theirs = Filter?.Prefix ?? Filter?.And?.Prefix ?? Prefix ?? '';
  return !tags && (ours.startsWith(theirs) || theirs.startsWith(ours));
}

const takesAway = ({ Expiration, Transitions }: LifecycleRule): boolean =>
  Expiration?.Days !== undefined ||
  Expiration?.Date !== undefined ||
  Transitions?.some(({ StorageClass }) => ARCHIVES.has(StorageClass ?? '')) === true;

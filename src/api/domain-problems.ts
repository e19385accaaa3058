/** HTTP status and title of every rejection that deciders and services give. */

/** What the request says can't be read or is not of the form required. */
const BAD_REQUEST = {
  'invalid-query': 'The target query can not be parsed',
  'invalid-vin': 'The VIN does not follow ISO 3779',
  'invalid-range': 'The version range can not be parsed',
  'invalid-time-zone': 'The time zone is not an IANA name',
  'upload-incomplete': 'The upload ended before it was complete',
} as const;

const UNAUTHENTICATED = {
  'token-invalid': 'The content token is not valid',
  'token-expired': 'The content token has ended',
} as const;

const FORBIDDEN = {
  'four-eyes': 'Another person must do this',
  'person-required': 'Only a person can do this',
  'not-a-person': 'Only a person can do this',
  'content-not-granted': 'The token does not cover this content',
  'not-your-upload': 'Another person has begun the upload',
} as const;

const NOT_FOUND = {
  'not-found': 'There is no such resource',
  'artifact-not-found': 'There is no such artifact',
  'campaign-not-found': 'There is no such campaign',
  'vehicle-not-found': 'There is no such vehicle',
  'ecu-not-found': 'The vehicle has no such ECU',
  'key-not-found': 'There is no such key',
  'list-not-found': 'There is no such vehicle list',
  'no-such-wave': 'The campaign has no such wave',
  'upload-not-found': 'There is no such upload',
} as const;

/** In conflict with what is there now; it may be accepted at another time. */
const CONFLICT = {
  busy: 'The resource kept changing',
  'newer-writer': 'Written by a newer version',
  'already-reviewed': 'The campaign has its review',
  'already-started': 'The campaign has started',
  'amend-fixed-part': 'This part of the policy is fixed once started',
  'artifact-exists': 'The artifact is registered differently',
  'artifact-frozen': 'The artifact can not be changed any more',
  'artifact-name-taken': 'The name belongs to another target',
  'artifact-not-released': 'An artifact of the campaign is not released',
  'artifact-released': 'The artifact is released already',
  'artifact-withdrawn': 'The artifact was withdrawn',
  'campaign-aborting': 'The campaign is being aborted',
  'campaign-ended': 'The campaign has passed its end',
  'campaign-exists': 'The campaign exists with another content',
  'campaign-over': 'The campaign is over',
  'campaign-paused': 'The campaign is paused',
  'campaign-running': 'The campaign is running',
  'emergency-stop': 'The fleet is stopped',
  'epoch-closed': 'The TCU was replaced',
  'file-differs': 'The file was stored with other bytes',
  'gate-failed': 'The gate has failed',
  'gate-not-decided': 'The gate is not decided yet',
  'gate-not-passed': 'The gate has not passed',
  'identity-fixed': 'The identity setting is fixed',
  'key-exists': 'The key exists',
  'last-admin-key': 'It is the last key of an admin',
  'manifest-changed': 'The manifest has changed since it was validated',
  'manifest-not-validated': 'The manifest is not the one validated',
  'no-files': 'The artifact has no files',
  'no-targets': 'The campaign has no targets',
  'not-approved': 'The campaign is not approved',
  'not-over': 'The campaign is not over',
  'not-released': 'The artifact is not released',
  'not-started': 'The campaign has not started',
  'not-validated': 'The artifact is not validated',
  'offset-mismatch': 'The upload stands at another byte',
  'plan-changed': 'The plan has changed since you saw it',
  'plan-mismatch': 'It belongs to another plan',
  'plan-superseded': 'The plan was replaced',
  'shard-count-fixed': 'The number of shards is fixed',
  'stale-epoch': 'The TCU’s epoch is an older one',
  'targeting-fixed': 'The targets are fixed once started',
  'targets-not-frozen': 'The targets are not frozen yet',
  'too-early': 'It is too early for this',
  'upload-taken-over': 'Another request goes on with the upload',
  'validation-failed': 'The validation has failed',
  'vehicle-decommissioned': 'The vehicle is out of the fleet',
  'vehicle-exists': 'The vehicle is registered differently',
  'wave-not-next': 'Another wave comes next',
  'wave-not-released': 'The wave is not released',
} as const;

/** Well formed, but it makes no sense. */
const UNPROCESSABLE = {
  'idempotency-key-reused': 'The Idempotency-Key was used with another request',
  'digest-mismatch': 'The bytes have another digest than declared',
  'duplicate-component': 'An ECU has a component twice',
  'duplicate-ecu': 'The vehicle has an ECU twice',
  'ecu-mismatch': 'The ECU is of another type or position',
  'invalid-dates': 'The dates contradict each other',
  'invalid-policy': 'The policy contradicts itself',
  'invalid-source': 'The source can not report this',
  'invalid-supersedes': 'The artifact can not supersede that one',
  'signature-invalid': 'A signature is not valid',
  'start-after-end': 'The start lies after the end',
  'start-in-past': 'The start lies in the past',
  'too-many-files': 'An artifact has at most 8 files',
  'too-many-pieces': 'The upload came in too many pieces',
  'too-many-signatures': 'There are too many signatures',
  'upload-damaged': 'What came of the upload was damaged',
  'version-not-semver': 'The version does not follow semver',
} as const;

const BY_STATUS: readonly (readonly [number, Readonly<Record<string, string>>])[] = [
  [400, BAD_REQUEST],
  [401, UNAUTHENTICATED],
  [403, FORBIDDEN],
  [404, NOT_FOUND],
  [409, CONFLICT],
  [410, { 'upload-expired': 'The upload has expired' }],
  [412, { 'revision-mismatch': 'The resource has changed' }],
  [413, { 'too-large': 'The command makes too many events' }],
  [422, UNPROCESSABLE],
];

export const DOMAIN_PROBLEMS: Readonly<Record<string, { readonly status: number; readonly title: string }>> =
  Object.fromEntries(
    BY_STATUS.flatMap(([status, titles]) =>
      Object.entries(titles).map(([code, title]) => [code, { status, title }]),
    ),
  );

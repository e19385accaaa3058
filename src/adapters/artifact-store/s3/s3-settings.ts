/** `s3://bucket[/prefix]?…`, which is what FLEETWAVE_S3 takes. */
import { z } from 'zod';
import { BlobStoreError } from '../blob-store-error.ts';

export interface S3Settings {
  readonly bucket: string;
  /** Of every key; empty, or ends with a slash. */
  readonly prefix: string;
  /** Left out: AWS itself. */
  readonly endpoint?: string;
  /** Where vehicles reach the endpoint, for links; left out: as we do. */
  readonly publicEndpoint?: string;
  /** Left out: as the AWS SDK finds it (AWS_REGION, its configuration file). */
  readonly region?: string;
  /** The bucket in the path instead of the host name; default when there is an endpoint. */
  readonly forcePathStyle: boolean;
  /** Left out: as the AWS SDK finds them (environment, profile, web identity, instance). */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

const origin = z.url({ protocol: /^https?$/ });
const query = z
  .strictObject({
    endpoint: origin.optional(),
    publicEndpoint: origin.optional(),
    region: z.string().min(1).optional(),
    forcePathStyle: z.enum(['true', 'false']).optional(),
    accessKeyId: z.string().min(1).optional(),
    secretAccessKey: z.string().min(1).optional(),
    sessionToken: z.string().min(1).optional(),
  })
  .refine(
    ({ accessKeyId, secretAccessKey }) => (accessKeyId === undefined) === (secretAccessKey === undefined),
    { error: 'accessKeyId and secretAccessKey go together: give both or neither' },
  )
  .refine(({ sessionToken, accessKeyId }) => sessionToken === undefined || accessKeyId !== undefined, {
    error: 'sessionToken needs accessKeyId and secretAccessKey',
  });

/** As AWS has them; other stores allow no more. */
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const EXAMPLE = 's3://bucket/prefix?region=eu-central-1';

const wrong = (what: string): BlobStoreError =>
  new BlobStoreError('settings', `FLEETWAVE_S3: ${what}`, { advice: `An example is ${EXAMPLE}` });

/** @throws BlobStoreError `settings`, which never repeats the secrets. */
export function parseS3Url(text: string): S3Settings {
  const url = URL.parse(text);
  if (url?.protocol !== 's3:') throw wrong('it does not begin with s3://');
  if (!BUCKET.test(url.host)) throw wrong('the name of the bucket is missing, or none that S3 allows');
  if (url.username !== '' || url.password !== '' || url.hash !== '')
    throw wrong('credentials go into accessKeyId and secretAccessKey, percent-encoded');
  // A plus is a plus, as in the keys that AWS gives out, and not a blank.
  const given = [...new URLSearchParams(url.search.replaceAll('+', '%2B'))];
  const parsed = query.safeParse(Object.fromEntries(given));
  if (!parsed.success) throw wrong(parsed.error.issues.map(complaint).join('; '));
  const { forcePathStyle, accessKeyId, secretAccessKey, sessionToken, ...rest } = parsed.data;
  const path = decodeURIComponent(url.pathname).replace(/^\/+|\/+$/g, '');
  return {
    bucket: url.host,
    prefix: path === '' ? '' : `${path}/`,
    ...present(rest),
    forcePathStyle: forcePathStyle === undefined ? rest.endpoint !== undefined : forcePathStyle === 'true',
    ...(accessKeyId !== undefined &&
      secretAccessKey !== undefined && {
        credentials: { accessKeyId, secretAccessKey, ...present({ sessionToken }) },
      }),
  };
}

const complaint = ({ path, message }: z.core.$ZodIssue): string =>
  path.length === 0 ? message : `${path.join('.')}: ${message}`;

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };
const present = <T extends object>(values: T): Present<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Present<T>;

import { z } from 'zod';

/** `{name}@{version}`: the id of one artifact. The name belongs to one target for ever. */
export const artifactName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'lower-case letters, digits, . _ -; at most 64');
export const artifactVersion = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}$/, 'letters, digits, . + _ -; at most 64');
export const artifactId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}@[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}$/, 'must be {name}@{version}');

/** Opaque: a VIN or a keyed pseudonym. Nothing may assume that it is the VIN. */
export const vehicleId = z.string().regex(/^[A-Za-z0-9]{1,32}$/, 'letters and digits; at most 32');
export const campaignId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and -; at most 63');
export const fileName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'letters, digits, . _ -; at most 128');
export const personId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/, 'letters, digits, . _ @ -; at most 64');
export const listId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and -; at most 63');
/** ECU type, such as `TCM` or `ADAS`. */
export const ecuType = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/, 'letters, digits, _ -; at most 32');
/** Where an ECU type occurs twice (`front-left`); empty where it occurs once. */
export const ecuPosition = z.string().regex(/^[A-Za-z0-9_-]{0,32}$/, 'letters, digits, _ -; at most 32');
export const componentName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/, 'letters, digits, _ -; at most 32');
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits');
/** ISO 8601 UTC with milliseconds, as `Date.prototype.toISOString` writes it. */
export const instant = z.iso.datetime({ offset: false });
export const shardNumber = z.int().min(0).max(1023);

export const nameOf = (id: string): string => id.slice(0, id.indexOf('@'));
export const versionOf = (id: string): string => id.slice(id.indexOf('@') + 1);

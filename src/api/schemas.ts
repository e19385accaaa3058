/** Schemas that several routes share. Ids make them components of the OpenAPI document. */
import { z } from 'zod';
import { campaignPolicy } from '../domain/campaign/policy.ts';
import { artifactId, campaignId } from '../domain/shared/ids.ts';
import { ecu } from '../domain/vehicle/events.ts';
import { strict } from './strict.ts';

/** What a command answers with. */
export const commandResult = z
  .object({
    id: z.string().meta({ description: 'What the command acted on.' }),
    revision: z.int().meta({ description: 'Revision of its stream now; the ETag.' }),
    position: z.string().meta({
      description: 'Send it as Fleetwave-Min-Position to read what you wrote. Opaque.',
    }),
    changed: z.boolean().meta({ description: 'False when the command had taken effect before.' }),
    events: z.array(z.string()).meta({ description: 'Types of the events that were recorded.' }),
  })
  .meta({ id: 'CommandResult' });

export const commandExample = {
  id: 'tcm-2026-07',
  revision: 5,
  position: '00000000000000a1',
  changed: true,
  events: ['CampaignPaused'],
};

/** A document of the read model: the fields named, and more as they come. */
export const openDocument = <S extends z.ZodRawShape>(shape: S) => z.looseObject(shape);

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    next: z.string().nullable().meta({ description: 'Cursor of the next page; null at the end.' }),
  });

/** Paging: every list takes these. */
export const paging = {
  limit: z.coerce.number().int().min(1).max(1000).default(100).meta({ description: 'Items per page.' }),
  cursor: z.string().min(1).max(2000).optional().meta({ description: '`next` of the page before. Opaque.' }),
};

export const artifactParams = z.strictObject({ artifactId });
export const campaignParams = z.strictObject({ campaignId });
/** A VIN or a vehicle id; upper case is what VINs are made of. */
export const vehicleParams = z.strictObject({
  vehicle: z.string().regex(/^[A-Za-z0-9]{1,32}$/, 'must be a VIN or a vehicle id'),
});

/** Parts of bodies that a generated client should have as types of their own. */
export const policyBody = strict(campaignPolicy).meta({ id: 'CampaignPolicy' });
export const ecuBody = strict(ecu).meta({ id: 'Ecu' });
export const ecusBody = z.array(ecuBody).max(200);

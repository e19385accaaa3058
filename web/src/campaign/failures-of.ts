import { queryOf } from '../lib/api.ts';

/** Address of the list of failed attempts of a campaign. */
export const failuresOf = (
  campaignId: string,
  filter: { readonly model?: string; readonly region?: string; readonly code?: string },
): string => `/campaigns/${encodeURIComponent(campaignId)}${queryOf({ tab: 'failures', ...filter })}`;

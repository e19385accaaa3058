/** In words: how sure the failures of a calculation are, and what it rests on. */
import type { WhatIf } from '../../../src/api/what-if/schemas.ts';
import { count } from '../lib/format.ts';

type Basis = WhatIf['basis'];

/** No estimated vehicle need have failed for there to be a range: that it did not is an estimate too. */
export const sureText = ({ failed: { low, high } }: Basis): string =>
  low === high ? 'all of them on record' : `${count(low)} to ${count(high)} at 95 %`;

export function restsText({ bySlice, byCampaign, unknown }: Basis, targets: number): string {
  const estimated = `${count(bySlice + byCampaign)} of ${count(targets)} estimated`;
  return unknown === 0 ? estimated : `${estimated}, nothing known of ${count(unknown)}`;
}

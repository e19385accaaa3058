/** How sure a calculation calls itself. */
import { expect, it } from 'vitest';
import { restsText, sureText } from '../../web/src/what-if/sure.ts';

const basis = {
  onRecord: 60,
  bySlice: 30,
  byCampaign: 10,
  unknown: 0,
  failed: { onRecord: 2, estimated: 0, low: 2, high: 2 },
};

it('gives the range of failures also where no estimated vehicle fails', () => {
  expect(sureText(basis)).toBe('all of them on record');
  expect(sureText({ ...basis, failed: { ...basis.failed, high: 8 } })).toBe('2 to 8 at 95 %');
});

it('does not call estimated what nothing is known of', () => {
  expect(restsText(basis, 100)).toBe('40 of 100 estimated');
  const nothing = { ...basis, onRecord: 0, bySlice: 0, byCampaign: 0, unknown: 100 };
  expect(restsText(nothing, 100)).toBe('0 of 100 estimated, nothing known of 100');
});

/** A fleet in which one vehicle type in one region fails far more often than the rest. */
import { writeFileSync } from 'node:fs';
import type { Account } from '../../../src/simulator/fleet-file.ts';
import type { Prepared } from './campaign.ts';
import type { Stage } from './stage.ts';

export const BAD_SLICE = { model: 'A7', region: 'FR' } as const;

interface Shares {
  readonly bad: number;
  readonly others: number;
}

/** Two simulators, one for each part of the fleet. */
export function simulateBadSlice(stage: Stage, { accounts, plan }: Prepared, fail: Shares): void {
  const isBad = ({ index }: Account): boolean => {
    const { model, region } = plan.vehicle(index).row;
    return model === BAD_SLICE.model && region === BAD_SLICE.region;
  };
  const parts = [
    { name: 'bad', accounts: accounts.filter(isBad), rate: fail.bad },
    { name: 'others', accounts: accounts.filter((account) => !isBad(account)), rate: fail.others },
  ];
  for (const part of parts) {
    const file = stage.file(`${part.name}.ndjson`);
    writeFileSync(file, part.accounts.map((account) => `${JSON.stringify(account)}\n`).join(''));
    const count = String(part.accounts.length);
    stage.simulate([
      '--fleet',
      file,
      '--vehicles',
      count,
      '--fail-rate',
      String(part.rate),
      '--seed',
      '5',
      '--quiet',
    ]);
  }
}

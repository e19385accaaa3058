/** The stories over a whole deployment take minutes: they begin first, so that the rest fills the time beside them. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const LONG = [
  'e2e/distributed/engines.test.ts',
  'e2e/distributed/killed-roles.test.ts',
  'e2e/distributed/stopped-worker.test.ts',
  'e2e/distributed/demo.test.ts',
];

/** Smaller comes first. */
const rank = ({ moduleId }: TestSpecification): number => {
  const at = LONG.findIndex((name) => moduleId.endsWith(name));
  return at < 0 ? LONG.length : at;
};

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

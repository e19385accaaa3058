/** What a policy must be beyond its schema. Checked when it comes in, so that a malformed one never runs. */
import type { CampaignPolicy, WavePlan } from './policy.ts';

export interface PolicyProblem {
  /** JSON path inside the policy. */
  readonly path: string;
  readonly message: string;
}

const nearly = (a: number, b: number): boolean => Math.abs(a - b) < 1e-6;

export function policyProblems(policy: CampaignPolicy): readonly PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  policy.artifacts.forEach((artifact, index) => {
    if (policy.artifacts.indexOf(artifact) < index)
      problems.push({ path: `artifacts.${index}`, message: `${artifact} is in the list twice` });
  });
  problems.push(...waveProblems(policy.waves));
  const { startAt, endAt } = policy;
  if (startAt !== null && endAt !== null && Date.parse(startAt) >= Date.parse(endAt))
    problems.push({ path: 'endAt', message: `${endAt} is not after startAt ${startAt}` });
  return problems;
}

function waveProblems(waves: readonly WavePlan[]): PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  let percent = 0;
  waves.forEach(({ size }, index) => {
    if ('percent' in size) percent += size.percent;
    if ('rest' in size && index < waves.length - 1)
      problems.push({ path: `waves.${index}.size`, message: 'only the last wave can take the rest' });
  });
  if (percent > 100 && !nearly(percent, 100))
    problems.push({ path: 'waves', message: `the waves sum to ${percent} percent, more than 100` });
  const last = waves.at(-1)?.size;
  const complete =
    waves.every(({ size }) => 'percent' in size) && percent < 100 + 1e-6 && percent > 100 - 1e-6;
  if (last !== undefined && !('rest' in last) && !complete && problems.length === 0)
    problems.push({
      path: `waves.${waves.length - 1}.size`,
      message: `targets would be left over: make the last size {"rest":true}, or let percentages sum to 100 (now ${percent})`,
    });
  return problems;
}

/** Findings as a table for people. */
import { DEFECTS, type Defect, type Findings } from './findings.ts';

export function tableOf(findings: Findings): string {
  const lines = [
    `${findings.messages} messages sent, ${findings.receipted} receipted, ${findings.events} events`,
    '',
  ];
  for (const [defect, meaning] of Object.entries(DEFECTS) as [Defect, string][]) {
    const count = findings.counts[defect];
    lines.push(`${count === 0 ? 'ok ' : 'BAD'} ${String(count).padStart(8)}  ${meaning}`);
    for (const example of findings.examples[defect]) lines.push(`                ${example}`);
  }
  for (const [campaignId, { targets, incompatible, byPhase }] of findings.campaigns) {
    const phases = Object.entries(byPhase).map(([phase, count]) => `${count} ${phase}`);
    lines.push('', `${campaignId}: ${targets} targets (${phases.join(', ')}), ${incompatible} incompatible`);
  }
  lines.push('', findings.reconciled ? 'Reconciled: ledger and events agree.' : 'NOT reconciled.');
  return `${lines.join('\n')}\n`;
}

/**
 * The paragraphs of UN Regulation No. 156 (original version, in force since 22 January 2021, ECE/TRANS/WP.29/2020/80;
 * published in the EU as OJ L 82, 9.3.2021, p. 60) that evidence is given for, and those for which there is none here.
 * Subjects are our own short words, compared with the EU's publication; the text that counts is that of the Regulation.
 */
import type { EventRef, EvidenceItem } from './bundle.ts';

export const REGULATION = 'UN Regulation No. 156 (E/ECE/TRANS/505/Rev.3/Add.155), original version';

const HELD = {
  '7.1.1.2':
    'unique identification of software versions, their integrity validation data and relevant hardware',
  '7.1.1.5': 'interdependencies of the updated system with other systems',
  '7.1.1.6': 'identification of the target vehicles',
  '7.1.1.7': 'compatibility with the last known configuration confirmed before the update is issued',
  '7.1.2.2': 'configuration before and after the update: hardware and software with their versions',
  '7.1.2.4': 'target vehicles, and confirmation that their last known configuration is compatible',
  '7.1.2.5 (a)': 'purpose of the update',
  '7.1.2.5 (g)': 'how the update may be executed, and under what conditions',
  '7.1.2.5 (i)': 'verification and validation passed',
  '7.1.3.1': 'protection of the update against manipulation before the update process begins',
  '7.2.1.1': 'authenticity and integrity of the software update',
  '7.2.2.2 (a)': 'the vehicle user can be informed of the purpose before the update is executed',
  '7.2.2.4 (a)': 'the vehicle user can be informed of success or failure afterwards',
  '7.2.2.5': 'preconditions met before the update is executed',
} as const;
export type HeldClause = keyof typeof HELD;

export const evidenceOf = (
  clause: HeldClause,
  statement: string,
  data: Record<string, unknown>,
  events: readonly EventRef[],
): EvidenceItem => ({ clause, subject: HELD[clause], statement, data, events: [...events] });

const ASSESSMENT = 'type approval is assessed by people outside; nothing of it is recorded here';
const ON_VEHICLE = 'it is a property of the vehicle; this system only has what the vehicle reports';
const NO_RXSWIN =
  'this system keeps no RXSWIN; it has the versions and digests from which a register can be made';

export const NOT_COVERED: readonly {
  readonly clause: string;
  readonly subject: string;
  readonly why: string;
}[] = [
  {
    clause: '7.1.1.1',
    subject: 'information documented, securely held and available to the authority on request',
    why: 'only for what is in the log (hash chain, this bundle); the process itself is the manufacturer’s',
  },
  { clause: '7.1.1.3', subject: 'RXSWIN before and after an update', why: NO_RXSWIN },
  { clause: '7.1.1.4', subject: 'software on a component consistent with its RXSWIN', why: NO_RXSWIN },
  { clause: '7.1.1.8', subject: 'whether type approved systems are affected', why: ASSESSMENT },
  { clause: '7.1.1.9', subject: 'whether functions are added, altered or enabled', why: ASSESSMENT },
  {
    clause: '7.1.1.10',
    subject: 'whether other systems needed for safe operation, or functions since registration, are affected',
    why: ASSESSMENT,
  },
  {
    clause: '7.1.1.11',
    subject: 'process by which the vehicle user can be informed',
    why: 'the offer carries the key of the text and the answer is recorded; text and display are the vehicle’s',
  },
  {
    clause: '7.1.1.12',
    subject: 'information made available to the responsible authorities',
    why: 'done by people',
  },
  {
    clause: '7.1.2.1',
    subject: 'documentation of the processes and standards used',
    why: 'it is not kept here',
  },
  { clause: '7.1.2.3', subject: 'auditable register per RXSWIN', why: NO_RXSWIN },
  {
    clause: '7.1.2.5 (b)–(f)',
    subject: 'systems and functions affected, type approved ones among them, approvals sought',
    why: ASSESSMENT,
  },
  {
    clause: '7.1.2.5 (h)',
    subject: 'confirmation that the update is conducted safely and securely',
    why: 'people confirm it; here are only the conditions, signatures and results',
  },
  {
    clause: '7.1.3.2',
    subject: 'protection of the update processes and the delivery system',
    why: 'not recorded',
  },
  {
    clause: '7.1.3.3',
    subject: 'how software is verified and validated',
    why: 'only the verdict, tool and report digest',
  },
  { clause: '7.1.4.1', subject: 'safety of updates executed while driving', why: ASSESSMENT },
  {
    clause: '7.1.4.2',
    subject: 'updates that need a skilled person',
    why: 'there is no such role in a campaign',
  },
  { clause: '7.2.1.2', subject: 'RXSWIN on the vehicle: unique, readable, protected', why: ON_VEHICLE },
  { clause: '7.2.2.1.1', subject: 'restoring the previous version, or a safe state', why: ON_VEHICLE },
  { clause: '7.2.2.1.2', subject: 'enough power to complete the update', why: ON_VEHICLE },
  { clause: '7.2.2.1.3', subject: 'safe execution by technical means', why: ON_VEHICLE },
  {
    clause: '7.2.2.2 (b)–(e)',
    subject: 'changes, expected time, functions not available, instructions told to the user',
    why: 'the text behind the key is not kept here',
  },
  { clause: '7.2.2.3', subject: 'the vehicle can not be driven while it would not be safe', why: ON_VEHICLE },
  {
    clause: '7.2.2.4 (b)',
    subject: 'the user informed of changes and updates to the user manual',
    why: 'it is not recorded here',
  },
];

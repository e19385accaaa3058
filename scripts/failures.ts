/** What failed, at the end of `npm test`, where a log that is cut short still has it. */
import { relative } from 'node:path';

/** Of vitest's JSON report. */
export interface TestFile {
  readonly name: string;
  readonly status: string;
  /** Why the file as a whole failed; empty when it is a test of it that failed. */
  readonly message: string;
  readonly assertionResults: readonly {
    readonly fullName: string;
    readonly status: string;
    readonly failureMessages: readonly string[] | null;
  }[];
}

const MESSAGE_LINES = 12;
const LINE_LENGTH = 300;

/** A paragraph for each test that failed: its file, its name, and how its message begins. */
export function failures(files: readonly TestFile[], root: string): string[] {
  return files.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(root, name);
    const tests = assertionResults
      .filter((test) => test.status === 'failed')
      .map((test) => paragraph(`${file} > ${test.fullName}`, test.failureMessages?.join('\n') ?? ''));
    return tests.length === 0 && status === 'failed' ? [paragraph(file, message)] : tests;
  });
}

const paragraph = (title: string, message: string): string =>
  [
    `Failed: ${title}`,
    ...message
      .split('\n')
      .filter((line) => line.trim() !== '')
      .slice(0, MESSAGE_LINES)
      .map((line) => `  ${line.slice(0, LINE_LENGTH)}`),
  ].join('\n');

import type { Log } from '../app/ports.ts';

/** What adapters have to say while a command runs: warnings and errors, on stderr. */
export const sayOnStderr: Log = (level, message, { error } = {}) => {
  if (level === 'info') return;
  const cause = error === undefined ? '' : `: ${error instanceof Error ? error.message : String(error)}`;
  console.error(`${message}${cause}`);
};

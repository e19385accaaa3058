/** Writes `.env.example` from the settings: run it after one was added or changed. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeSettings } from '../src/config.ts';

const HEAD = `# Settings of a Fleetwave server. Copy to .env and take the # away where you set one: .env in the working directory is
# read at start, and the environment wins. Any FLEETWAVE_X can be given as FLEETWAVE_X_FILE, the path of a file that holds
# the value. \`fleetwave config\` prints what is in force.
`;

const entries = describeSettings().map(
  ({ name, about, fallback }) => `\n# ${about}\n# ${name}=${fallback}\n`,
);
writeFileSync(join(import.meta.dirname, '../.env.example'), HEAD + entries.join(''));

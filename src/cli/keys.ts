import { Command } from 'commander';
import { ROLES } from '../domain/access/events.ts';
import { connect } from './client.ts';
import { serverOf, withServer } from './options.ts';

interface KeyRow {
  readonly keyId: string;
  readonly person: string;
  readonly roles: readonly string[];
  readonly revoked: boolean;
}

type ServerFlags = { server?: string; key?: string; dataDir?: string };

/** `fleetwave keys`: API keys of persons; works while the server runs. */
export function keysCommand(): Command {
  const keys = new Command('keys').description('API keys: each belongs to a person, with roles');
  withServer(keys.command('add'))
    .description(`add a key and print it, once. Roles: ${ROLES.join(', ')}`)
    .requiredOption('--person <id>', 'whose key it is: four-eyes rules compare persons')
    .requiredOption('--roles <list>', 'comma-separated roles')
    .action(async (flags: ServerFlags & { person: string; roles: string }) => {
      const body = { person: flags.person, roles: flags.roles.split(',').map((role) => role.trim()) };
      const added = (await connect(serverOf(flags)).request('POST', '/v1/access/keys', body)) as {
        key: string;
      };
      console.log(added.key);
      console.error(`Key of ${flags.person}. It is shown this once; only its hash is kept.`);
    });
  withServer(keys.command('list'))
    .description('list keys (never the secrets)')
    .action(async (flags: ServerFlags) => {
      const page = (await connect(serverOf(flags)).request('GET', '/v1/access/keys')) as { items: KeyRow[] };
      console.table(
        page.items.map(({ keyId, person, roles, revoked }) => ({
          keyId,
          person,
          roles: roles.join(','),
          revoked,
        })),
      );
    });
  withServer(keys.command('revoke <keyId>'))
    .description('revoke a key at once')
    .option('--reason <text>', 'why', 'revoked from the command line')
    .action(async (keyId: string, flags: ServerFlags & { reason: string }) => {
      const query = new URLSearchParams({ reason: flags.reason });
      await connect(serverOf(flags)).request(
        'DELETE',
        `/v1/access/keys/${encodeURIComponent(keyId)}?${query}`,
      );
      console.log(`${keyId} is revoked.`);
    });
  return keys;
}

/** Keys for the persons of the demo. */
import { readFileSync } from 'node:fs';
import { createApiClient } from './api-client.ts';
import type { Ready } from './processes.ts';
import type { Persons } from './run-campaign.ts';

/** Keys for three persons: four eyes need at least two. */
export async function introduce(ready: Ready): Promise<Persons> {
  const admin = createApiClient(ready.http, readFileSync(ready.adminKeyFile, 'utf8').trim());
  const person = async (name: string, roles: readonly string[]) => {
    const { body } = await admin.request('POST', '/v1/access/keys', { body: { person: name, roles } });
    return createApiClient(ready.http, (body as { key: string }).key);
  };
  return {
    ada: await person('ada', ['developer', 'planner']),
    bob: await person('bob', ['validator', 'approver']),
    oda: await person('oda', ['operator', 'analyst']),
  };
}

/** Databases of their own in the shared servers, and what versions those have. */
import { randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';

/** The same server and options, another database: what one test leaves behind is not in the way of another. */
export function freshDatabase(url: string): string {
  const [, servers = '', query = ''] = /^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/[^?]*)?(\?.*)?$/.exec(url) ?? [];
  return `${servers}/fleetwave-test-${randomUUID().slice(0, 8)}${query}`;
}

/** Runs work on the database itself, beside the adapter. */
export async function inDatabase<T>(url: string, work: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 10_000 });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

export const dropDatabase = (url: string): Promise<boolean> =>
  inDatabase(url, (client) => client.db().dropDatabase());

export const versionOf = (url: string): Promise<string> =>
  inDatabase(url, async (client) => {
    const { version } = await client.db().admin().command({ buildInfo: 1 });
    return `MongoDB ${version}`;
  });

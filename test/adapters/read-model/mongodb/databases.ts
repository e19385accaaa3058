/** Databases of their own in the shared servers, and what versions those have. */
import { randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { engine } from '../../../support/engines.ts';

export interface DocumentServer {
  readonly name: string;
  /** Whether it is MongoDB itself, which explains queries and orders text by its bytes. */
  readonly real: boolean;
  url(): Promise<string>;
}

const real = process.env['MONGODB_URL'];

/** What can be had here: always the one that speaks MongoDB's protocol, and MongoDB where it is given. */
export const servers: readonly DocumentServer[] = [
  { name: 'mongo-java-server', real: false, url: async () => (await engine('documents')).url },
  ...(real === undefined ? [] : [{ name: 'MongoDB', real: true, url: async () => real }]),
];

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

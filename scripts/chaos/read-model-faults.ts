/** Read models are disposable: here they are disposed of, while the projector writes them. */
import { MongoClient } from 'mongodb';

export async function dropReadModels(url: string): Promise<void> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 5000 });
  try {
    const database = client.db();
    for (const { name } of await database.listCollections({}, { nameOnly: true }).toArray())
      await database.dropCollection(name);
  } finally {
    await client.close();
  }
}

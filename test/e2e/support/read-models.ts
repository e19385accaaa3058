/** What read models hold, byte by byte. */
import { openSqliteReader } from '../../../src/adapters/read-model/sqlite/sqlite-reader.ts';
import { pathsOf } from '../../../src/config.ts';

/** Documents as they are stored, by collection and in the order of their ids. */
export async function dumpReadModels(
  dataDir: string,
  collections: readonly string[],
): Promise<Record<string, string[]>> {
  const reader = openSqliteReader(pathsOf(dataDir).readModels);
  try {
    const dump: Record<string, string[]> = {};
    for (const collection of collections) {
      const lines: string[] = [];
      for await (const document of reader.dump(collection)) lines.push(JSON.stringify(document));
      dump[collection] = lines;
    }
    return dump;
  } finally {
    reader.close();
  }
}

/** Files as analysts read them: through DuckDB. */
import { DuckDBInstance, type Json } from '@duckdb/node-api';

export type Rows = readonly Readonly<Record<string, Json>>[];

export interface DuckDb {
  /** Rows as JSON: integers of 64 bits and times are text. */
  rows(sql: string): Promise<Rows>;
  close(): void;
}

/** @param directory what file names in queries are relative to. */
export async function openDuckDb(directory: string): Promise<DuckDb> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  await connection.run(`SET TimeZone = 'UTC'; SET file_search_path = '${directory.replaceAll("'", "''")}'`);
  return {
    rows: async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson(),
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

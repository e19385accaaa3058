/** Writes docs/openapi.json and docs/asyncapi.json from the schemas; a test checks that they are current. */
import { writeFileSync } from 'node:fs';
import { apiDocuments } from '../src/api/documents.ts';

for (const [name, text] of Object.entries(await apiDocuments())) {
  writeFileSync(new URL(`../docs/${name}`, import.meta.url), text);
  process.stdout.write(`docs/${name}: ${text.length} bytes\n`);
}

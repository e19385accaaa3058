/** The API's two documents as text, as they are in `docs/`: made without a server that runs. */
import Fastify from 'fastify';
import { asyncApiDocument } from './asyncapi.ts';
import { openApiDocument } from './openapi.ts';
import { collectOperations } from './operations.ts';
import { registerRoutes } from './server.ts';

const textOf = (document: object): string => `${JSON.stringify(document, null, 2)}\n`;

/** File names below `docs/` and what they must hold. */
export async function apiDocuments(): Promise<Readonly<Record<string, string>>> {
  const app = Fastify();
  const operations = collectOperations(app);
  // Declaring routes calls no service: handlers do, and none is called here.
  await registerRoutes(app, undefined as never, undefined as never, () => ({}));
  await app.close();
  return {
    'openapi.json': textOf(openApiDocument(operations.list)),
    'asyncapi.json': textOf(asyncApiDocument()),
  };
}

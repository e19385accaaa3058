/** Every operation that was registered: for OpenAPI, for 405 answers, and for the test of the role table. */
import type { FastifyInstance } from 'fastify';
import type { OperationDoc } from './route.ts';

export interface Operations {
  readonly list: readonly OperationDoc[];
  /** Methods that exist at a path; empty when the path is not known. */
  methodsAt(path: string): readonly string[];
}

/** Pages of the reference, made by a plugin: open, static and not part of the API. */
const REFERENCE = '/docs';

const pattern = (url: string): RegExp =>
  new RegExp(`^${url.replaceAll('.', '\\.').replace(/:[A-Za-z0-9]+/g, '[^/]+')}$`);

/** @throws Error at start for a route that is not declared through `route()`. */
export function collectOperations(app: FastifyInstance): Operations {
  const list: OperationDoc[] = [];
  const paths = new Map<string, { readonly matches: RegExp; readonly methods: Set<string> }>();
  app.addHook('onRoute', (options) => {
    if (options.url.startsWith(REFERENCE) || options.config?.dashboard === true) return;
    const operation = options.config?.operation;
    if (operation === undefined)
      throw new Error(`${String(options.method)} ${options.url} is not a declared operation`);
    const entry = paths.get(options.url) ?? { matches: pattern(options.url), methods: new Set<string>() };
    paths.set(options.url, entry);
    for (const method of [options.method].flat()) entry.methods.add(method);
    if (options.method === operation.method) list.push(operation);
  });
  return {
    list,
    methodsAt: (path) =>
      [...paths.values()].filter((entry) => entry.matches.test(path)).flatMap((entry) => [...entry.methods]),
  };
}

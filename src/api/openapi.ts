/** The OpenAPI 3.1 document, made of the operations and their zod schemas. */
import { z } from 'zod';
import { problemSchema } from './problem.ts';
import { problemTypeOf } from './problem-types.ts';
import { type Access, accessOf } from './roles.ts';
import type { OperationDoc, ResponseDoc } from './route.ts';

export const API_VERSION = '1.0.0';

type Json = Record<string, unknown>;

/** Turns schemas into JSON Schema 2020-12; those with an id become components. */
class Schemas {
  readonly components: Record<string, unknown> = {};

  of(schema: z.ZodType, io: 'input' | 'output'): Json {
    const id = schema.meta()?.id;
    const {
      $schema: _dialect,
      $defs,
      ...json
    } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json;
    const definitions = ($defs ?? {}) as Json;
    for (const [name, definition] of Object.entries(definitions)) this.#add(name, definition);
    if (id === undefined) return rewritten(json);
    // One with an id is among its own definitions, and then all there is beside them is a reference to itself.
    if (!(id in definitions)) this.#add(id, json);
    return { $ref: `#/components/schemas/${id}` };
  }

  #add(name: string, definition: unknown): void {
    const { id: _id, $schema: _dialect, ...rest } = definition as Json;
    this.components[name] = rewritten(rest);
  }
}

/** Patterns that only spell out a format, and the bounds that every integer of JavaScript has, are noise. */
function rewritten(json: Json): Json {
  const text = JSON.stringify(json, function (this: Json, key, value: unknown) {
    if (key === 'pattern' && typeof value === 'string' && this['format'] !== undefined) return undefined;
    if (key === 'maximum' && value === Number.MAX_SAFE_INTEGER) return undefined;
    if (key === 'minimum' && value === Number.MIN_SAFE_INTEGER) return undefined;
    return value;
  });
  return JSON.parse(text.replaceAll('"#/$defs/', '"#/components/schemas/')) as Json;
}

const PARAMETERS = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description:
      'Recommended: a UUID per command, the same for its retries. A repeat has no second effect; the same key ' +
      'with another request is refused (422). It counts per person.',
    schema: { type: 'string', minLength: 1, maxLength: 128 },
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    required: false,
    description: 'The ETag that the decision was made on; 412 when the resource has changed since.',
    schema: { type: 'string', examples: ['"12"'] },
  },
  MinPosition: {
    name: 'Fleetwave-Min-Position',
    in: 'header',
    required: false,
    description:
      'Fleetwave-Position of a command: the query waits up to 2 s until it shows its effect, else 503.',
    schema: { type: 'string' },
  },
} as const;

const HEADERS = {
  ETag: { description: 'Revision of the resource; send it as If-Match.', schema: { type: 'string' } },
  'Fleetwave-Position': {
    description: 'Position of the command in the log. Opaque.',
    schema: { type: 'string' },
  },
  Link: { description: '`rel="next"`: the next page (RFC 8288).', schema: { type: 'string' } },
} as const;

function parametersOf(operation: OperationDoc, schemas: Schemas): unknown[] {
  const ref = (name: keyof typeof PARAMETERS) => ({ $ref: `#/components/parameters/${name}` });
  const named = (schema: z.ZodType | undefined, where: 'path' | 'query') => {
    if (schema === undefined) return [];
    const json = schemas.of(schema, 'input') as { properties?: Record<string, Json>; required?: string[] };
    return Object.entries(json.properties ?? {}).map(([name, { description, ...property }]) => ({
      name,
      in: where,
      required: where === 'path' || (json.required ?? []).includes(name),
      ...(description === undefined ? {} : { description }),
      schema: property,
    }));
  };
  return [
    ...named(operation.params, 'path'),
    ...named(operation.query, 'query'),
    ...(operation.headers ?? []).map((header) => ({ ...header, in: 'header', schema: { type: 'string' } })),
    ...(operation.method === 'POST' || operation.command === true ? [ref('IdempotencyKey')] : []),
    ...(operation.command === true ? [ref('IfMatch')] : []),
    ...(operation.reads === true ? [ref('MinPosition')] : []),
  ];
}

function bodyOf(operation: OperationDoc, schemas: Schemas): object | undefined {
  if (operation.streams !== undefined) {
    const content = operation.streams.map(({ contentType, description, example }) => [
      contentType,
      {
        schema: { type: 'string', description },
        ...(example === undefined ? {} : { example: JSON.stringify(example) }),
      },
    ]);
    return { required: true, content: Object.fromEntries(content) };
  }
  if (operation.body === undefined) return undefined;
  const schema = schemas.of(operation.body, 'input');
  const example = operation.bodyExample === undefined ? {} : { example: operation.bodyExample };
  const required = Array.isArray(schema['required']) && schema['required'].length > 0;
  return { required, content: { 'application/json': { schema, ...example } } };
}

/** Problems that an operation can answer with because of what it is. */
function problemsOf(operation: OperationDoc, access: Access): string[] {
  const common = ['not-acceptable', 'rate-limited', 'internal', 'overloaded'];
  const shape = operation.params ?? operation.query ?? operation.body;
  if (shape !== undefined) common.push('invalid-request');
  if (access !== 'open') common.push('unauthenticated');
  if (Array.isArray(access)) common.push('missing-role');
  if (operation.body !== undefined) common.push('malformed-json', 'body-too-large', 'unsupported-media-type');
  if (operation.reads === true) common.push('not-caught-up');
  if (operation.query !== undefined && 'cursor' in (operation.query as z.ZodObject).shape)
    common.push('invalid-cursor');
  if (operation.command === true)
    common.push('invalid-header', 'revision-mismatch', 'idempotency-key-reused', 'busy');
  return [...common, ...(operation.problems ?? [])];
}

function responsesOf(operation: OperationDoc, access: Access, schemas: Schemas): Json {
  const responses: Json = {};
  for (const [status, response] of Object.entries(operation.responses))
    responses[status] = success(operation, response, schemas);
  const byStatus = new Map<number, string[]>();
  for (const code of problemsOf(operation, access)) {
    const { status } = problemTypeOf(code);
    byStatus.set(status, [...new Set([...(byStatus.get(status) ?? []), code])]);
  }
  const problem = (description: string) => ({ $ref: '#/components/responses/Problem', description });
  for (const [status, codes] of [...byStatus].sort(([a], [b]) => a - b))
    responses[status] = problem(codes.map((code) => `\`${code}\`: ${problemTypeOf(code).title}.`).join(' '));
  if (operation.command === true && responses['409'] === undefined)
    responses['409'] = problem('Refused in the present state; the type says why.');
  return responses;
}

const LOCATION = { required: true, schema: { type: 'string', format: 'uri' } };

function success(operation: OperationDoc, response: ResponseDoc, schemas: Schemas): object {
  const { description, schema, contentType = 'application/json', example } = response;
  if (response.redirects === true) return { description, headers: { Location: LOCATION } };
  const names = [
    ...(operation.command === true ? (['ETag', 'Fleetwave-Position'] as const) : []),
    ...(operation.query !== undefined && 'cursor' in (operation.query as z.ZodObject).shape
      ? (['Link'] as const)
      : []),
  ];
  const headers = Object.fromEntries([
    ...names.map((name) => [name, { $ref: `#/components/headers/${name}` }]),
    ...Object.entries(response.headers ?? {}).map(([name, about]) => [
      name,
      { description: about, schema: { type: 'string' } },
    ]),
  ]) as Json;
  const told = Object.keys(headers).length === 0 ? {} : { headers };
  if (response.empty === true) return { description, ...told };
  const media = {
    schema: schema === undefined ? { type: 'string' } : schemas.of(schema, 'output'),
    ...(example === undefined ? {} : { example }),
  };
  const others = (response.also ?? []).map((type) => [type, { schema: { type: 'string' } }]);
  const content = { [contentType]: media, ...Object.fromEntries(others) };
  return { description, ...told, content };
}

function operationOf(operation: OperationDoc, schemas: Schemas): object {
  const access = accessOf(operation.id);
  const body = bodyOf(operation, schemas);
  const security =
    access === 'open' ? [] : access === 'content-token' ? [{ contentToken: [] }] : [{ apiKey: [] }];
  return {
    operationId: operation.id,
    tags: [operation.tag],
    summary: operation.summary,
    ...(operation.description === undefined ? {} : { description: operation.description }),
    security,
    ...(typeof access === 'string' ? {} : { 'x-roles': access }),
    parameters: parametersOf(operation, schemas),
    ...(body === undefined ? {} : { requestBody: body }),
    responses: responsesOf(operation, access, schemas),
  };
}

const PROBLEM_EXAMPLE = {
  type: 'urn:fleetwave:problem:revision-mismatch',
  title: 'The resource has changed',
  status: 412,
  detail: 'campaign-tcm-2026-07 is at revision 6, not 5',
  hint: 'Read it again and decide on what is there now.',
  instance: 'urn:uuid:0198f0a1-7c3e-7b1a-9d57-3f2e8a6c1b40',
  details: { expected: 5, actual: 6 },
};

const templated = (url: string): string => url.replace(/:([A-Za-z0-9]+)/g, '{$1}');

export function openApiDocument(operations: readonly OperationDoc[]): object {
  const schemas = new Schemas();
  const paths: Record<string, Record<string, unknown>> = {};
  const sorted = [...operations].sort((a, b) => (a.url + a.method < b.url + b.method ? -1 : 1));
  for (const operation of sorted) {
    const path = templated(operation.url);
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: operationOf(operation, schemas) };
  }
  const problem = {
    description: 'A problem (RFC 9457).',
    content: {
      'application/problem+json': { schema: schemas.of(problemSchema, 'output'), example: PROBLEM_EXAMPLE },
    },
  };
  const tags = [...new Set(sorted.map((operation) => operation.tag))].sort();
  return {
    openapi: '3.1.1',
    info: {
      title: 'Fleetwave',
      version: API_VERSION,
      description:
        'Over-the-air update campaigns for vehicle fleets. Errors are RFC 9457 problems with a stable type; ' +
        'GET /problems lists them. Commands take an Idempotency-Key and If-Match, and answer with the position of ' +
        'their events; send it as Fleetwave-Min-Position to read what you wrote.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: tags.map((name) => ({ name })),
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(schemas.components).sort(([a], [b]) => (a < b ? -1 : 1))),
      responses: { Problem: problem },
      parameters: PARAMETERS,
      headers: HEADERS,
      securitySchemes: {
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          description: 'API key of a person: `fwk_{keyId}_{secret}`.',
        },
        contentToken: { type: 'http', scheme: 'bearer', description: 'Token of a vehicle’s grant.' },
      },
    },
  };
}

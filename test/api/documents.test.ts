import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { apiDocuments } from '../../src/api/documents.ts';
import { PROBLEM_TYPES } from '../../src/api/problem-types.ts';

type Json = Record<string, unknown>;
interface OpenApi {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: Json;
}
interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters: readonly { readonly name?: string; readonly in?: string; readonly $ref?: string }[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: unknown }> };
  readonly responses: Record<string, Json>;
}

let texts: Readonly<Record<string, string>>;
let openApi: OpenApi;
let asyncApi: Json;
beforeAll(async () => {
  texts = await apiDocuments();
  openApi = JSON.parse(texts['openapi.json'] ?? '') as OpenApi;
  asyncApi = JSON.parse(texts['asyncapi.json'] ?? '') as Json;
});

const operations = (): [string, string, Operation][] =>
  Object.entries(openApi.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, string, Operation] => [
      path,
      method,
      operation,
    ]),
  );

/** Every `$ref` of a document must lead somewhere in it. */
function danglingRefs(document: unknown): string[] {
  const dangling: string[] = [];
  JSON.stringify(document, (key, value: unknown) => {
    if (key !== '$ref' || typeof value !== 'string') return value;
    const target = value
      .slice(2)
      .split('/')
      .reduce<unknown>((at, part) => (at as Json | undefined)?.[part], document);
    if (target === undefined) dangling.push(value);
    return value;
  });
  return dangling;
}

describe('the documents', () => {
  it.each(['openapi.json', 'asyncapi.json'])(
    'docs/%s is current (if not: node scripts/write-api-docs.ts)',
    (name) => {
      const written = readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
      expect(written === texts[name]).toBe(true);
    },
  );
});

describe('the OpenAPI document', () => {
  it('is 3.1 and every reference in it leads somewhere', () => {
    expect(openApi.openapi).toMatch(/^3\.1\./);
    expect(danglingRefs(openApi)).toEqual([]);
  });

  it('says of every component what it is', () => {
    const schemas = openApi.components['schemas'] as Record<string, Json>;
    const empty = Object.entries(schemas).filter(
      ([name, one]) => one['$ref'] === `#/components/schemas/${name}`,
    );
    expect(empty).toEqual([]);
  });

  it('names every operation once, with a summary and all path parameters', () => {
    const ids = operations().map(([, , operation]) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [path, , operation] of operations()) {
      expect(operation.summary, operation.operationId).toMatch(/./);
      const declared = operation.parameters.filter((one) => one.in === 'path').map((one) => one.name);
      expect(declared, operation.operationId).toEqual(
        [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]),
      );
    }
  });

  it('gives every operation a success with content, redirects with a place, and problems with the problem type', () => {
    for (const [, , { operationId, responses }] of operations()) {
      const statuses = Object.keys(responses);
      expect(
        statuses.some((status) => status.startsWith('2')),
        operationId,
      ).toBe(true);
      expect(
        statuses.some((status) => status.startsWith('4')),
        operationId,
      ).toBe(true);
      for (const [status, response] of Object.entries(responses)) {
        expect(response['description'], `${operationId} ${status}`).toMatch(/./);
        if (status === '204') expect(response).not.toHaveProperty('content');
        else if (status.startsWith('2')) expect(Object.keys(response['content'] as Json)).not.toEqual([]);
        else if (status.startsWith('3')) expect(response['headers']).toHaveProperty('Location');
        else expect(response['$ref']).toBe('#/components/responses/Problem');
      }
    }
  });

  it('lets every POST take an Idempotency-Key, and refuses unknown fields in every body', () => {
    for (const [, method, operation] of operations()) {
      const refs = operation.parameters.map((parameter) => parameter.$ref);
      if (method === 'post')
        expect(refs, operation.operationId).toContain('#/components/parameters/IdempotencyKey');
      const schema = operation.requestBody?.content['application/json']?.schema as Json | undefined;
      if (schema !== undefined) expect(schema['additionalProperties'], operation.operationId).toBe(false);
    }
    const { schemas } = openApi.components as { schemas: Record<string, Json> };
    for (const name of ['CampaignPolicy', 'Ecu']) expect(schemas[name]?.['additionalProperties']).toBe(false);
  });

  it('names only problems that are in the table', () => {
    const named = [...(texts['openapi.json'] ?? '').matchAll(/`([a-z-]+)`: /g)].map(
      (match) => match[1] ?? '',
    );
    expect([...new Set(named)].filter((code) => PROBLEM_TYPES[code] === undefined)).toEqual([]);
  });
});

describe('the AsyncAPI document', () => {
  it('is 3.0, has the six topics, and every reference in it leads somewhere', () => {
    expect(asyncApi['asyncapi']).toBe('3.0.0');
    expect(Object.keys(asyncApi['channels'] as Json).sort()).toEqual([
      'feedback',
      'grant',
      'inventory',
      'presence',
      'receipt',
      'update',
    ]);
    expect(danglingRefs(asyncApi)).toEqual([]);
  });
});

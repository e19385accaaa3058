/** How a route is declared: one description serves the handler's types, the validation, the roles and OpenAPI. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { HttpProblemCode } from './problem-types.ts';
import type { OperationId } from './roles.ts';
import { parsePart } from './validation.ts';

export interface ResponseDoc {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** Default `application/json`. */
  readonly contentType?: string;
  /** Further content types of the same, by Accept. */
  readonly also?: readonly string[];
  readonly example?: unknown;
  /** Answers with an address in `Location`, and without a body. */
  readonly redirects?: boolean;
  /** Answers with headers alone. */
  readonly empty?: boolean;
  /** Headers beyond those that `command` brings, and what they say. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RequestBodyDoc {
  readonly contentType: string;
  readonly description: string;
  readonly example?: unknown;
}

/** What is known of an operation outside its handler; OpenAPI is made of these. */
export interface OperationDoc {
  readonly id: OperationId;
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE' | 'OPTIONS';
  /** With `:name` parameters. */
  readonly url: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  readonly bodyExample?: unknown;
  /** Bodies that are read as a stream, and never through `body`. */
  readonly streams?: readonly RequestBodyDoc[];
  /** Request headers beyond those that `command` and `reads` bring. */
  readonly headers?: readonly {
    readonly name: string;
    readonly required: boolean;
    readonly description: string;
  }[];
  /** Changes one stream: takes Idempotency-Key and If-Match, answers with ETag and Fleetwave-Position. */
  readonly command?: boolean;
  /** Reads the read model: takes Fleetwave-Min-Position. */
  readonly reads?: boolean;
  readonly responses: Readonly<Record<number, ResponseDoc>>;
  /** The answer is streamed for long or without end: no HEAD beside it. */
  readonly streaming?: boolean;
  /** Problems worth naming beyond those that every operation can answer with. */
  readonly problems?: readonly (HttpProblemCode | string)[];
}

export interface RouteInput<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

type Output<T> = T extends z.ZodType ? z.output<T> : undefined;

export interface RouteSpec<
  P extends z.ZodType | undefined,
  Q extends z.ZodType | undefined,
  B extends z.ZodType | undefined,
> extends OperationDoc {
  readonly params?: P & z.ZodType;
  readonly query?: Q & z.ZodType;
  readonly body?: B & z.ZodType;
  readonly handler: (input: RouteInput<Output<P>, Output<Q>, Output<B>>) => Promise<unknown> | unknown;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    operation?: OperationDoc;
  }
}

/** Registers a route. The handler returns what is sent as JSON, or the reply when it has sent it itself. */
export function route<
  P extends z.ZodType | undefined = undefined,
  Q extends z.ZodType | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
>(app: FastifyInstance, spec: RouteSpec<P, Q, B>): void {
  const { handler, ...operation } = spec;
  app.route({
    method: spec.method,
    url: spec.url,
    config: { operation },
    exposeHeadRoute: spec.method === 'GET' && spec.streaming !== true,
    handler: async (request, reply) => {
      const input = {
        params: parse(spec.params, 'params', request.params),
        query: parse(spec.query, 'querystring', request.query),
        // A command without fields may come without a body.
        body: parse(spec.body, 'body', request.body ?? {}),
        request,
        reply,
      };
      return await handler(input as RouteInput<Output<P>, Output<Q>, Output<B>>);
    },
  });
}

const parse = (
  schema: z.ZodType | undefined,
  part: 'params' | 'querystring' | 'body',
  data: unknown,
): unknown => (schema === undefined ? undefined : parsePart(schema, part, data));

/** Whether what an operation produces is what the caller accepts (RFC 9110 §12.5.1). */
import type { FastifyInstance } from 'fastify';
import { hook } from './hooks.ts';
import { problem } from './problem.ts';
import type { OperationDoc } from './route.ts';

const JSON_TYPE = 'application/json';

export const producesOf = (operation: OperationDoc): readonly string[] => [
  ...new Set(
    Object.values(operation.responses).flatMap((response) => [
      response.contentType ?? JSON_TYPE,
      ...(response.also ?? []),
    ]),
  ),
];

/** Media ranges with a weight above zero. */
const rangesOf = (accept: string): string[] =>
  accept.split(',').flatMap((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return parameters.some((parameter) => /^q=0(\.0{0,3})?$/.test(parameter)) ? [] : [type];
  });

export const accepts = (accept: string, types: readonly string[]): boolean =>
  rangesOf(accept).some((range) =>
    types.some((type) => range === '*/*' || range === type || range === `${type.split('/', 1)[0]}/*`),
  );

/** Whether the first type is named before the second one, as browsers do; without a word of either it is not. */
export function prefers(accept: string | undefined, first: string, second: string): boolean {
  const ranges = rangesOf(accept ?? '');
  const [one, other] = [ranges.indexOf(first), ranges.indexOf(second)];
  return one !== -1 && (other === -1 || one < other);
}

export function registerNegotiation(app: FastifyInstance): void {
  app.addHook(
    'onRequest',
    hook((request) => {
      const { accept } = request.headers;
      const { operation } = request.routeOptions.config;
      if (accept === undefined || accept === '' || accept.includes('*/*') || operation === undefined) return;
      const types = producesOf(operation);
      if (accepts(accept, types)) return;
      throw problem('not-acceptable', `${operation.id} answers with ${types.join(' or ')}`, {
        hint: 'Send an Accept header that allows it, or none.',
      });
    }),
  );
}

import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';

/**
 * A hook that is done when its function returns; what it throws is answered. By callback, because each async
 * hook costs every request a promise and some turns of the queue.
 */
export const hook =
  (run: (request: FastifyRequest, reply: FastifyReply) => void) =>
  (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    run(request, reply);
    done();
  };

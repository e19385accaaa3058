/** The baseline of B2: fastify parses the same JSON body and answers as much JSON, and that is all. */
import Fastify, { type FastifyInstance } from 'fastify';

export async function startBareFastify(answer: object): Promise<{ app: FastifyInstance; port: number }> {
  const app = Fastify();
  app.put('/v1/vehicles/:vin', async () => answer);
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { app, port: (app.server.address() as { port: number }).port };
}

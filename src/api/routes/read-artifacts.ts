/** Artifacts as they are: lists, one, who could take it, and the versions of a name. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Document } from '../../app/ports.ts';
import { artifactName, ecuType } from '../../domain/shared/ids.ts';
import { fromRejection, notFound } from '../problem.ts';
import { awaitPosition, findPage, given, plain, withEtag } from '../queries.ts';
import { route } from '../route.ts';
import { artifactParams, openDocument, pageOf, paging } from '../schemas.ts';
import type { ApiServices } from '../services.ts';
import { targetingCount } from './preview-targeting.ts';

const artifact = openDocument({
  id: z.string(),
  name: z.string(),
  version: z.string(),
  state: z.string().meta({ description: 'registered, validated, released, deprecated or withdrawn.' }),
  revision: z.int(),
}).meta({ id: 'Artifact' });

/** Matches every vehicle: compatibility then says which of all can take it. */
const EVERY_VEHICLE = 'vehicle==*';

export function readArtifactRoutes(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'listArtifacts',
    method: 'GET',
    url: '/v1/artifacts',
    tag: 'artifacts',
    summary: 'List artifacts',
    query: z.strictObject({
      ...paging,
      state: z.string().max(32).optional(),
      name: artifactName.optional(),
      ecuType: ecuType.optional(),
    }),
    reads: true,
    responses: { 200: { description: 'A page of artifacts.', schema: pageOf(artifact) } },
    handler: ({ query, request, reply }) => {
      const { limit, cursor, ...filter } = query;
      return findPage(services, request, reply, 'artifacts', { where: given(filter), limit, cursor });
    },
  });

  route(app, {
    id: 'getArtifact',
    method: 'GET',
    url: '/v1/artifacts/:artifactId',
    tag: 'artifacts',
    summary: 'One artifact',
    params: artifactParams,
    reads: true,
    responses: { 200: { description: 'The artifact.', schema: artifact } },
    problems: ['not-found'],
    handler: async ({ params, request, reply }) => {
      await awaitPosition(services, request);
      const found = await services.reader.get<Document>('artifacts', params.artifactId);
      if (found === null) throw notFound('artifact', params.artifactId);
      withEtag(reply, found);
      return plain(found);
    },
  });

  route(app, {
    id: 'getArtifactCompatibility',
    method: 'GET',
    url: '/v1/artifacts/:artifactId/compatibility',
    tag: 'artifacts',
    summary: 'Which vehicles could take it: counts, facets and reasons',
    params: artifactParams,
    reads: true,
    responses: { 200: { description: 'Counts over all vehicles.', schema: targetingCount } },
    problems: ['not-found'],
    handler: async ({ params, request }) => {
      await awaitPosition(services, request);
      if ((await services.reader.get('artifacts', params.artifactId)) === null)
        throw notFound('artifact', params.artifactId);
      const count = await services.targeting.preview(EVERY_VEHICLE, [params.artifactId]);
      if (!count.ok) throw fromRejection(count.rejection);
      const { ok: _ok, ...answer } = count;
      return answer;
    },
  });

  route(app, {
    id: 'listArtifactVersions',
    method: 'GET',
    url: '/v1/artifact-names/:name/versions',
    tag: 'artifacts',
    summary: 'All versions of a name: what supersedes what, who and when',
    params: z.strictObject({ name: artifactName }),
    reads: true,
    responses: {
      200: { description: 'The name and its versions.', schema: openDocument({ id: z.string() }) },
    },
    problems: ['not-found'],
    handler: async ({ params, request }) => {
      await awaitPosition(services, request);
      const found = await services.reader.get<Document>('artifact-names', params.name);
      if (found === null) throw notFound('artifact name', params.name);
      return plain(found);
    },
  });
}

/** Artifacts: registration and the decisions about them. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { deprecateArtifact, registerArtifact, withdrawArtifact } from '../../domain/artifact/commands.ts';
import { signature } from '../../domain/artifact/events.ts';
import { nameOf, sha256, versionOf } from '../../domain/shared/ids.ts';
import { answer, envelopeOf } from '../command.ts';
import { route } from '../route.ts';
import { artifactParams, commandExample, commandResult } from '../schemas.ts';
import type { ApiServices } from '../services.ts';
import { strict } from '../strict.ts';

const example = { ...commandExample, id: 'tcm-firmware@2.1.0', revision: 0, events: ['ArtifactRegistered'] };
const done = { 200: { description: 'Taken effect.', schema: commandResult, example } };

const registration = strict(registerArtifact.omit({ type: true, name: true, version: true }));
const validation = z.strictObject({
  tool: z.string().min(1).max(200).meta({ description: 'What made the report: name and version.' }),
  reportDigest: sha256.nullable().default(null),
  toolVerdict: z.enum(['passed', 'failed']),
  signatures: z.array(strict(signature)).max(8).default([]),
});
const release = z.strictObject({ signatures: z.array(strict(signature)).max(8).default([]) });

export function artifactRoutes(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'registerArtifact',
    method: 'PUT',
    url: '/v1/artifacts/:artifactId',
    tag: 'artifacts',
    summary: 'Register an artifact',
    description:
      'The id is `{name}@{version}`. A name belongs to one target (ECU type and component) for ever.',
    params: artifactParams,
    body: registration,
    bodyExample: {
      kind: 'firmware',
      target: { ecuType: 'TCM', component: 'main' },
      releaseType: 'routine',
      releaseNotes: 'Smoother shifting.',
      requirements: { previousSoftware: { range: '>=2.0.0 <2.1.0' }, regions: ['DE'] },
    },
    command: true,
    responses: { ...done, 201: { description: 'Registered.', schema: commandResult, example } },
    handler: async ({ params, body, request, reply }) => {
      const id = params.artifactId;
      const command = {
        type: 'RegisterArtifact',
        name: nameOf(id),
        version: versionOf(id),
        ...body,
      } as const;
      return answer(services, reply, id, await services.artifacts.execute(id, command, envelopeOf(request)));
    },
  });

  route(app, {
    id: 'validateArtifact',
    method: 'POST',
    url: '/v1/artifacts/:artifactId/validate',
    tag: 'artifacts',
    summary: 'Record a validation; the server adds its own checks',
    description: 'By another person than the one who uploaded. A failed check can not be overridden.',
    params: artifactParams,
    body: validation,
    bodyExample: { tool: 'hil-bench 4.2', toolVerdict: 'passed' },
    command: true,
    responses: done,
    problems: ['four-eyes'],
    handler: async ({ params, body, request, reply }) => {
      const id = params.artifactId;
      return answer(services, reply, id, await services.artifacts.validate(id, body, envelopeOf(request)));
    },
  });

  route(app, {
    id: 'releaseArtifact',
    method: 'POST',
    url: '/v1/artifacts/:artifactId/release',
    tag: 'artifacts',
    summary: 'Release a validated artifact to campaigns',
    params: artifactParams,
    body: release,
    command: true,
    responses: done,
    problems: ['four-eyes'],
    handler: async ({ params, body, request, reply }) => {
      const id = params.artifactId;
      const outcome = await services.artifacts.release(id, body.signatures, envelopeOf(request));
      return answer(services, reply, id, outcome);
    },
  });
  retirementRoutes(app, services);
}

function retirementRoutes(app: FastifyInstance, services: ApiServices): void {
  const verbs = [
    {
      id: 'deprecateArtifact',
      verb: 'deprecate',
      schema: deprecateArtifact,
      summary: 'Take it out of new campaigns',
    },
    {
      id: 'withdrawArtifact',
      verb: 'withdraw',
      schema: withdrawArtifact,
      summary: 'Withdraw it: running campaigns that use it pause',
    },
  ] as const;
  for (const { id, verb, schema, summary } of verbs) {
    route(app, {
      id,
      method: 'POST',
      url: `/v1/artifacts/:artifactId/${verb}`,
      tag: 'artifacts',
      summary,
      params: artifactParams,
      body: z.strictObject({ reason: schema.shape.reason }),
      bodyExample: { reason: 'Superseded by 2.1.1.' },
      command: true,
      responses: done,
      handler: async ({ params, body, request, reply }) => {
        const command = { type: schema.shape.type.value, ...body };
        const outcome = await services.artifacts.execute(params.artifactId, command, envelopeOf(request));
        return answer(services, reply, params.artifactId, outcome);
      },
    });
  }
}

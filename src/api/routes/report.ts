/** The campaign report, for programs and for people. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Cut } from '../../domain/shared/cut.ts';
import { NOW } from '../history/campaign-state.ts';
import { prefers } from '../negotiate.ts';
import { notFound } from '../problem.ts';
import { awaitPosition } from '../queries.ts';
import { REPORT_POLICY, reportPage } from '../report/page.ts';
import { type CampaignReport, campaignReport, reportSchema } from '../report/report.ts';
import { route } from '../route.ts';
import { campaignParams } from '../schemas.ts';
import type { ApiServices } from '../services.ts';

const query = z.strictObject({
  asOf: z.iso.datetime({ offset: true }).optional().meta({
    description: 'As it would have been then: everything before the first event recorded after it.',
  }),
});

export function reportRoutes(app: FastifyInstance, services: ApiServices): void {
  const report = async (
    campaignId: string,
    { asOf }: z.output<typeof query>,
    request: FastifyRequest,
  ): Promise<CampaignReport> => {
    await awaitPosition(services, request);
    const cut: Cut = asOf === undefined ? NOW : { instant_ms: Date.parse(asOf) };
    const found = await campaignReport(services, campaignId, cut);
    if (found === null) throw notFound('campaign', campaignId);
    return found;
  };
  const asPage = (reply: FastifyReply, found: CampaignReport): FastifyReply =>
    reply
      .header('content-security-policy', REPORT_POLICY)
      .type('text/html; charset=utf-8')
      .send(reportPage(found));

  route(app, {
    id: 'getCampaignReport',
    method: 'GET',
    url: '/v1/campaigns/:campaignId/report',
    tag: 'campaigns',
    summary: 'Report: plan, approvals, gates with reasons, results by slice, failures, time line',
    description: 'JSON, or a page that prints well for `Accept: text/html` (also at `…/report.html`).',
    params: campaignParams,
    query,
    reads: true,
    responses: { 200: { description: 'The report.', schema: reportSchema, also: ['text/html'] } },
    problems: ['not-found'],
    handler: async ({ params, query: asked, request, reply }) => {
      const found = await report(params.campaignId, asked, request);
      reply.header('vary', 'accept');
      return prefers(request.headers.accept, 'text/html', 'application/json') ? asPage(reply, found) : found;
    },
  });

  route(app, {
    id: 'getCampaignReportPage',
    method: 'GET',
    url: '/v1/campaigns/:campaignId/report.html',
    tag: 'campaigns',
    summary: 'The same report as a page that prints well: one file, no script',
    params: campaignParams,
    query,
    reads: true,
    responses: { 200: { description: 'The page.', contentType: 'text/html' } },
    problems: ['not-found'],
    handler: async ({ params, query: asked, request, reply }) =>
      asPage(reply, await report(params.campaignId, asked, request)),
  });
}

/** `/flows/-/…`: addresses that lead to whichever flow the brand uses. */
import type { FastifyInstance } from 'fastify';
import { notFound } from '../core/fault.ts';
import { onlyValue, queryParameters } from '../http/parameters.ts';
import { flowPath } from './engine.ts';
import type { FlowContext } from './flow.ts';
import { ownPath } from './frame.ts';

/** Adds the redirects. */
export function mountShortcuts(server: FastifyInstance, { door }: FlowContext): void {
  for (const designation of ['authentication', 'invalidation'] as const) {
    server.get(`/flows/-/default/${designation}/`, async (request, reply) => {
      const slug = await door.defaultFlow(request, designation);
      if (!slug) throw notFound('No flow is set up for this.');
      return reply.redirect(flowPath(slug, ownPath(onlyValue(queryParameters(request), 'next'))), 302);
    });
  }
}

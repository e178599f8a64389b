/** `/flows/-/cancel/`: leaving a flow. Whoever started it is told that the person said no; nothing is stored. */
import type { FastifyInstance } from 'fastify';
import { onlyValue, queryParameters } from '../http/parameters.ts';
import type { RequestFacts } from '../stages/stage.ts';
import { nameBrowser } from './browser.ts';
import type { FlowEnd, FlowStart } from './door.ts';
import type { FlowContext } from './flow.ts';
import { ownPath } from './frame.ts';
import { afterwards, findRun, startOf } from './run.ts';

const CANCEL = '/flows/-/cancel/';

/** Where "cancel" leads: to whoever started the run, else to where the flow begins. */
export function cancelPath(slug: string, key: string, { startedBy, restart }: FlowStart): string {
  return startedBy ? `${CANCEL}?${new URLSearchParams({ flow: slug, run: key })}` : restart;
}

/** Adds the address. It takes the run of the browser that asks, or `next`. */
export function mountCancel(server: FastifyInstance, context: FlowContext): void {
  server.get(CANCEL, async (request, reply) => {
    const query = queryParameters(request);
    const slug = onlyValue(query, 'flow');
    const key = onlyValue(query, 'run');
    if (slug === undefined || key === undefined) return reply.redirect(ownPath(onlyValue(query, 'next')) ?? '/', 302);
    const browser = nameBrowser(request, reply);
    const end = await endOf(context, { slug, key, browser, facts: await context.door.facts(request) });
    if (end.type === 'redirect') return reply.redirect(end.to, 302);
    await context.door.show(request, reply, end.challenge);
    return reply;
  });
}

type Asked = { slug: string; key: string; browser: string; facts: RequestFacts };

async function endOf({ engine, finishers }: FlowContext, { slug, key, browser, facts }: Asked): Promise<FlowEnd> {
  const found = await findRun(engine.core, browser, slug, key);
  // What has come to its end cannot be refused any more.
  if (found.type === 'run' && found.run.state.index >= found.run.state.plan.length)
    return { type: 'redirect', to: afterwards(found.run) };
  if (found.type !== 'start' && found.type !== 'run') return { type: 'redirect', to: '/' };
  const { startedBy, restart } = found.type === 'start' ? found.start : startOf(found.run);
  const protocol = finishers.protocols[startedBy?.protocol ?? ''];
  if (!startedBy || !protocol?.cancel || !finishers.services) return { type: 'redirect', to: restart };
  return protocol.cancel(finishers.services, { data: startedBy.data, context: {}, request: facts });
}

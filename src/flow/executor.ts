/**
 * `/api/v3/flows/executor/<slug>/`: flows for programs, in authentik's JSON. The run is named by a cookie of the path,
 * so clients need nothing but to keep cookies and follow redirects.
 */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { fromAnotherSite, invalid, notFound } from '../core/fault.ts';
import { readCookie } from '../http/cookies.ts';
import { crossSiteRefusal } from '../http/cross-site.ts';
import { formParameters, onlyValue, parseParameters, queryParameters } from '../http/parameters.ts';
import type { Challenge } from '../stages/stage.ts';
import { cancelPath } from './cancel.ts';
import { CONFIRM } from './engine.ts';
import type { FlowContext } from './flow.ts';
import { frame, ownPath } from './frame.ts';
import { challengeOf, denialOf, isChallenge, titleNames } from './views.ts';
import { visit, type Visit, type VisitInput } from './visits.ts';

type Route = { Params: { slug: string } };
const RUN_COOKIE = 'ostiary_run';

/** Adds the executor. */
export function mountExecutor(server: FastifyInstance, context: FlowContext): void {
  server.get<Route>('/api/v3/flows/executor/:slug/', async (request, reply) => {
    const acts = { component: CONFIRM, version: undefined, values: {} };
    return respond(context, request, reply, isProgram(request) ? acts : undefined);
  });
  server.post<Route>('/api/v3/flows/executor/:slug/', async (request, reply) => {
    const refusal = crossSiteRefusal(request, request.requestOrigin.origin);
    if (refusal) throw fromAnotherSite();
    const values = bodyOf(request);
    const component = typeof values.component === 'string' ? values.component : undefined;
    if (component === undefined) throw invalid({ component: ['This field is required.'] });
    return respond(context, request, reply, { component, version: undefined, values });
  });
}

/**
 * A program that looks at a stage which only acts wants it to act. A browser that was led here by a link, a picture
 * or another site does not; one that does not say so (RFC 9110 and Fetch Metadata) is told by what it wants to show.
 */
function isProgram({ method, headers }: FastifyRequest): boolean {
  if (method !== 'GET') return false;
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' && headers['sec-fetch-mode'] !== 'navigate';
  return !/text\/html|image\//i.test(headers.accept ?? '');
}

function bodyOf(request: FastifyRequest): Record<string, unknown> {
  const form = formParameters(request);
  if (form.size > 0) return Object.fromEntries([...form].map(([name, all]) => [name, all.at(-1)]));
  const { body } = request;
  if (typeof body !== 'object' || body === null || Array.isArray(body) || body instanceof Map) {
    throw invalid({ non_field_errors: ['Invalid data. Expected a dictionary.'] });
  }
  return { ...(body as Record<string, unknown>) };
}

async function respond(
  context: FlowContext,
  request: FastifyRequest<Route>,
  reply: FastifyReply,
  answered: VisitInput['answered'],
): Promise<FastifyReply> {
  const { slug } = request.params;
  const text = onlyValue(queryParameters(request), 'query') ?? '';
  const query = parseParameters(text.replace(/^\?/, ''));
  const origin = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const known = readCookie(request, RUN_COOKIE);
  const key = known?.startsWith(`${origin}.`) ? known.slice(origin.length + 1) : onlyValue(query, 'run');
  const facts = await context.door.facts(request);
  const input: VisitInput = { slug, next: ownPath(onlyValue(query, 'next')), key, ...(answered && { answered }) };
  const result = await visit(context.engine, context.finishers, facts, request, reply, input);
  const remember = (value: string): void => {
    const secure = request.requestOrigin.scheme === 'https' ? '; Secure' : '';
    const path = `/api/v3/flows/executor/${encodeURIComponent(slug)}/`;
    const age = value === '' ? '; Max-Age=0' : '';
    reply.header('set-cookie', `${RUN_COOKIE}=${value}; Path=${path}; HttpOnly; SameSite=Lax${secure}${age}`);
  };
  if (result.type === 'position') {
    remember(`${origin}.${result.key}`);
    const accepted = result.position.type === 'challenge' && !result.position.errors && request.method === 'POST';
    // As authentik does: an answer that was taken leads back to the same address, where the next question is.
    if (accepted) return reply.redirect(request.url, 302);
    return send(context, request, reply, result);
  }
  remember('');
  if (result.type === 'unknown') throw notFound('There is no such flow.');
  if (result.type === 'redirect') return reply.send(onward(result.to));
  if (result.type === 'denied') {
    const denial = denialOf(result, facts.session?.user.username ?? '');
    return reply.send(isChallenge(denial) ? frame(result.flow, denial, result.next ?? '/') : onward(denial.to));
  }
  return reply.send(
    result.end.type === 'redirect' ? onward(result.end.to) : frame(result.flow, result.end.challenge, '/'),
  );
}

const onward = (to: string): Challenge => ({ component: 'xak-flow-redirect', to, final_redirect: false });

async function send(
  context: FlowContext,
  request: FastifyRequest,
  reply: FastifyReply,
  result: Visit & { type: 'position' },
): Promise<FastifyReply> {
  const { position, flow, start, key } = result;
  const errors = position.type === 'challenge' ? position.errors : undefined;
  const names = await titleNames(context, request, result);
  return reply.send(frame(flow, challengeOf(result), cancelPath(flow.values.slug, key, start), errors, names));
}

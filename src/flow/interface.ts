/** `/if/flow/<slug>/`: flows for people. Complete HTML whose form works with scripts off; every answer is followed by a redirect. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { fromAnotherSite, notFound } from '../core/fault.ts';
import { crossSiteRefusal } from '../http/cross-site.ts';
import { readFiles } from '../http/multipart.ts';
import { formParameters, onlyValue, queryParameters } from '../http/parameters.ts';
import { cancelPath } from './cancel.ts';
import { flowPath } from './engine.ts';
import type { FlowContext } from './flow.ts';
import { frame, ownPath } from './frame.ts';
import type { FlowPage } from './pages.ts';
import { challengeOf, denialOf, isChallenge, titleNames } from './views.ts';
import { visit, type Visit, type VisitInput } from './visits.ts';

type Route = { Params: { slug: string } };
/** What is longer was no typing but a file, which a page cannot put back anyway. */
const LONGEST_TYPED = 20_000;
const OWN_FIELDS = new Set(['run', 'version', 'component', 'next']);

/** Adds the pages. */
export function mountFlowPages(server: FastifyInstance, context: FlowContext): void {
  server.get<Route>('/if/flow/:slug/', async (request, reply) => {
    const query = queryParameters(request);
    const input = { slug: request.params.slug, next: ownPath(onlyValue(query, 'next')), key: onlyValue(query, 'run') };
    return respond(context, request, reply, input);
  });
  server.register(async (scope) => {
    // Only here does a form have files.
    readFiles(scope);
    mountAnswers(scope, context);
  });
}

function mountAnswers(server: FastifyInstance, context: FlowContext): void {
  server.post<Route>('/if/flow/:slug/', async (request, reply) => {
    const refusal = crossSiteRefusal(request, request.requestOrigin.origin);
    if (refusal) throw fromAnotherSite();
    const form = formParameters(request);
    const version = onlyValue(form, 'version');
    const values = Object.fromEntries(
      [...form].filter(([name]) => !OWN_FIELDS.has(name)).map(([name, all]) => [name, all.at(-1)]),
    );
    return respond(context, request, reply, {
      slug: request.params.slug,
      next: ownPath(onlyValue(form, 'next')),
      key: onlyValue(form, 'run') ?? '',
      answered: {
        component: onlyValue(form, 'component') ?? '',
        version: version !== undefined && /^\d{1,9}$/.test(version) ? Number(version) : undefined,
        values,
      },
    });
  });
}

async function respond(
  context: FlowContext,
  request: FastifyRequest,
  reply: FastifyReply,
  input: VisitInput,
): Promise<FastifyReply> {
  const facts = await context.door.facts(request);
  const result = await visit(context.engine, context.finishers, facts, request, reply, input);
  switch (result.type) {
    case 'unknown':
      throw notFound('There is no such flow.');
    case 'redirect':
      return reply.redirect(result.to, 303);
    case 'end':
      if (result.end.type === 'redirect') return reply.redirect(result.end.to, 303);
      return send(context, request, reply, { challenge: frame(result.flow, result.end.challenge, '/') }, 200);
    case 'denied': {
      const denial = denialOf(result, facts.session?.user.username ?? '');
      if (!isChallenge(denial)) return reply.redirect(denial.to, 303);
      return send(context, request, reply, { challenge: frame(result.flow, denial, result.next ?? '/') }, 403);
    }
    case 'position':
      return show(context, request, reply, input, result);
  }
}

async function show(
  context: FlowContext,
  request: FastifyRequest,
  reply: FastifyReply,
  input: VisitInput,
  result: Visit & { type: 'position' },
): Promise<FastifyReply> {
  const { position, flow, key, start, notice } = result;
  const errors = position.type === 'challenge' ? position.errors : undefined;
  // After an answer that was taken the browser is sent to look, so that reloading sends nothing twice.
  if (input.answered && !errors && !notice) return reply.redirect(flowPath(input.slug, start.next, key), 303);
  const names = await titleNames(context, request, result);
  return send(context, request, reply, {
    challenge: frame(flow, challengeOf(result), cancelPath(input.slug, key, start), errors, names),
    screen: position.type === 'challenge' ? position.step.stage.screen : undefined,
    formAction: `/if/flow/${input.slug}/`,
    hiddenFields: { run: key, version: String(position.run.version ?? 0), ...(start.next && { next: start.next }) },
    typed: typedBefore(input),
    notice: errors ? undefined : notice,
  });
}

/** What a person typed is kept when a page is drawn again; secrets are not. */
function typedBefore(input: VisitInput): Record<string, string> {
  const typed = Object.entries(input.answered?.values ?? {}).filter(
    (entry): entry is [string, string] =>
      typeof entry[1] === 'string' && !/password|token|code/.test(entry[0]) && entry[1].length <= LONGEST_TYPED,
  );
  return Object.fromEntries(typed);
}

type Shown = Pick<FlowPage, 'challenge'> & Partial<FlowPage>;

async function send(
  { pages }: FlowContext,
  request: FastifyRequest,
  reply: FastifyReply,
  shown: Shown,
  status = 200,
): Promise<FastifyReply> {
  const html = await pages.draw(request, reply, { screen: undefined, formAction: '', hiddenFields: {}, ...shown });
  return reply.code(status).type('text/html; charset=utf-8').send(html);
}

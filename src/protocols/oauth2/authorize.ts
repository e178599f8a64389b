/**
 * The authorization endpoint (RFC 6749 section 3.1). Nothing goes to the client before it and its address are proven;
 * until then, and when the person may not enter, somebody reads a page of ours.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hashToken } from '../../core/crypto/tokens.ts';
import type { Json } from '../../core/declaration.ts';
import { Fault } from '../../core/fault.ts';
import type { Finished, FlowEnd } from '../../flow/door.ts';
import { formParameters, type Parameters, queryParameters } from '../../http/parameters.ts';
import {
  type AuthorizationRequest,
  readAuthorizationRequest,
  readTarget,
  type Target,
} from './authorization-request.ts';
import { refuseClient } from './authorization-response.ts';
import { subjectOf } from './claims.ts';
import type { Client } from './clients.store.ts';
import { OAuthError } from './errors.ts';
import { parameter } from './form.ts';
import { denied, entryContext, issue } from './issue.ts';
import type { RequestedClaims } from './grant.ts';
import { issuerOf } from './mint.ts';
import { readHint } from './id-token-hint.ts';
import { proveClient } from './prove-client.ts';
import type { OAuth2 } from './runtime.ts';

type Run = {
  oauth2: OAuth2;
  request: FastifyRequest;
  reply: FastifyReply;
  parameters: Parameters;
  client: Client;
  target: Target;
  issuer: string;
  asked: AuthorizationRequest;
  facts: Finished['request'];
  /** This request as a path of ours. */
  path: string;
};

/** One step: an answer ends the request, undefined goes on. An OAuthError goes to the client. */
type Step = (run: Run) => Promise<FlowEnd | undefined>;

const steps: readonly Step[] = [askToSignIn, refuseWhoMayNotEnter, goThroughTheFlow];

const TICKET = 'ostiary_ticket';
const TICKET_PURPOSE = 'oauth2 authorization';
const TICKET_MILLISECONDS = 60 * 60 * 1000;
/** What fits into the address of a flow that leads back here. */
const LONGEST_REQUEST = 7000;

/** `GET` and `POST /application/o/authorize/` */
export async function authorize(oauth2: OAuth2, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  if (request.method === 'POST') {
    // A form of another site carries no cookies of ours; the browser comes back with them by itself.
    const query = textOf(formParameters(request));
    if (query.length > LONGEST_REQUEST) throw new Fault('request_too_long', 'This request is too long.');
    return reply.redirect(`${pathOf(request)}?${query}`, 303);
  }
  const parameters = queryParameters(request);
  if (parameters.size === 0) throw new Fault('not_found', 'Not found.', { status: 404 });
  const { client, redirectUri } = await proveClient(oauth2, request, parameters);
  const target = readTarget(redirectUri, parameters);
  const issuer = issuerOf(client, request.requestOrigin.origin);
  try {
    const asked = readAuthorizationRequest(client, target, parameters);
    const path = `${pathOf(request)}?${textOf(parameters)}`;
    if (path.length > LONGEST_REQUEST) throw new OAuthError('invalid_request', 'the request is too long');
    const facts = await oauth2.services.flow.facts(request);
    const run: Run = { oauth2, request, reply, parameters, client, target, issuer, asked, facts, path };
    for (const step of steps) {
      const end = await step(run);
      if (end) return await finish(run, end);
    }
    throw new Error('the last step of an authorization gives an answer');
  } catch (fault) {
    if (!(fault instanceof OAuthError)) throw fault;
    request.log.info({ code: fault.code }, fault.message);
    return finish({ oauth2, request, reply }, refuseClient(target, issuer, fault));
  }
}

/** Sends somebody to sign in: who has not, or has to again, or is another than the client asks for. */
async function askToSignIn(run: Run): Promise<FlowEnd | undefined> {
  const { oauth2, request, reply, client, asked, facts, parameters } = run;
  const { core, flow } = oauth2.services;
  const { session } = facts;
  const sentAt = readTicket(run);
  const hint = await readHint(oauth2.services, client, parameter(parameters, 'id_token_hint'), run.issuer);
  const mustAgain = asked.prompts.includes('login') || asked.prompts.includes('select_account');
  if (session) {
    const isOther = hint !== undefined && hint.sub !== subjectOf(client.settings.sub_mode, session.user);
    const isOld = asked.maxAge !== undefined && core.now() - session.authenticatedAt > asked.maxAge * 1000;
    // Whoever was sent from here has signed in since: that is what was asked for, and asking again would never end.
    if (sentAt !== undefined && session.authenticatedAt >= sentAt && !isOther) return undefined;
    if (!mustAgain && !isOld && !isOther) return undefined;
    if (sentAt !== undefined) throw new OAuthError('login_required', 'the person did not sign in as it was asked');
  }
  if (asked.prompts.includes('none')) throw new OAuthError('login_required', 'nobody is signed in');
  const slug = client.flows.authentication ?? (await flow.defaultFlow(request, 'authentication'));
  if (slug === undefined) throw new OAuthError('server_error', 'there is no flow to sign in with');
  const login = parameter(parameters, 'login_hint');
  const locales = parameter(parameters, 'ui_locales');
  const next = session || mustAgain ? withTicket(run) : run.path;
  const started = await flow.begin(request, reply, {
    flow: slug,
    next,
    restart: next,
    context: {
      application: client.application.id,
      application_name: client.application.values.name,
      ...(login !== undefined && { pending_user_identifier: login.slice(0, 254) }),
      ...(locales !== undefined && { ui_locales: locales.slice(0, 200) }),
    },
  });
  if (started.type === 'denied') return denied(session?.user.username ?? '', [started.message]);
  return { type: 'redirect', to: started.type === 'page' ? started.to : next };
}

async function refuseWhoMayNotEnter({ oauth2, client, asked, facts }: Run): Promise<FlowEnd | undefined> {
  if (!facts.session) throw new OAuthError('login_required', 'nobody is signed in');
  const entry = { clientAddress: facts.clientAddress, context: entryContext(asked, client) };
  const verdict = await oauth2.services.access.mayEnter(facts.session.user, client.application, entry);
  if (verdict.user) return undefined;
  if (asked.prompts.includes('none')) throw new OAuthError('access_denied', 'this person may not use the application');
  return denied(facts.session.user.username, verdict.messages);
}

/** Consent and whatever else the provider's flow asks; then the answer. */
async function goThroughTheFlow(run: Run): Promise<FlowEnd> {
  const { oauth2, request, reply, client, asked, facts, path } = run;
  const { authorization: slug } = client.flows;
  if (slug === undefined) throw new OAuthError('server_error', 'there is no authorization flow');
  const authorization = { asked, path };
  const started = await oauth2.services.flow.begin(request, reply, {
    flow: slug,
    startedBy: { protocol: 'oauth2', data: authorization as unknown as Json },
    restart: path,
    context: {
      application: client.application.id,
      application_name: client.application.values.name,
      permissions: permissionsOf(client, asked.scopes, asked.claims),
      ...(asked.prompts.includes('consent') && { consent_required: true }),
    },
  });
  if (started.type === 'denied') return denied(facts.session?.user.username ?? '', [started.message]);
  if (started.type === 'through') return issue(oauth2.services, authorization, facts);
  if (asked.prompts.includes('none'))
    throw new OAuthError('interaction_required', 'the person would be asked something');
  return { type: 'redirect', to: started.to };
}

/** What people are told that the application asks for: the scopes that have words for it, and claims by name. */
export function permissionsOf(
  client: Client,
  scopes: readonly string[],
  claims?: RequestedClaims,
): { id: string; name: string }[] {
  const told = client.mappings.filter((each) => scopes.includes(each.scope) && each.description !== '');
  const names = new Set([...(claims?.idToken ?? []), ...(claims?.userinfo ?? [])]);
  return [
    ...told.map((each) => ({ id: each.scope, name: each.description })),
    ...[...names].map((name) => ({ id: `claim ${name}`, name })),
  ];
}

/** Answers the browser. */
async function finish(
  { oauth2, request, reply }: Pick<Run, 'oauth2' | 'request' | 'reply'>,
  end: FlowEnd,
): Promise<FastifyReply> {
  if (end.type === 'redirect') return reply.redirect(end.to, 302);
  const status = end.challenge.component === 'ak-stage-access-denied' ? 403 : 200;
  await oauth2.services.flow.show(request, reply, end.challenge, status);
  return reply;
}

/** This request with a sealed note of when the person was sent to sign in, bound to all that is asked. */
function withTicket({ oauth2, path, parameters }: Run): string {
  const { core } = oauth2.services;
  const at = core.now();
  const ticket = core.sealer.sealToken(
    { at },
    { purpose: TICKET_PURPOSE, boundTo: bound(parameters), expiresAt: at + TICKET_MILLISECONDS },
  );
  const [place = ''] = path.split('?', 1);
  return `${place}?${textOf(parameters)}&${TICKET}=${encodeURIComponent(ticket)}`;
}

function readTicket({ oauth2, parameters }: Run): number | undefined {
  const { core } = oauth2.services;
  const ticket = parameter(parameters, TICKET);
  if (ticket === undefined) return undefined;
  const opened = core.sealer.openToken(ticket, {
    purpose: TICKET_PURPOSE,
    boundTo: bound(parameters),
    now: core.now(),
  });
  return opened === undefined ? undefined : (opened as { at: number }).at;
}

const bound = (parameters: Parameters): string => hashToken(textOf(parameters));

/** The parameters as a query, without our own note. */
function textOf(parameters: Parameters): string {
  const pairs = [...parameters].flatMap(([name, values]) =>
    name === TICKET ? [] : values.map((value) => [name, value]),
  );
  return new URLSearchParams(pairs).toString();
}

const pathOf = (request: FastifyRequest): string => (request.raw.url ?? '').split('?', 1)[0] ?? '';

/**
 * Signing out from an application (OpenID Connect RP-Initiated Logout 1.0). It ends the session here too, unless the
 * provider's setting says that only this application is left. A page of another site can neither do it by a link
 * alone nor choose where the person goes next.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { brandOfHost } from '../../core/brands.ts';
import { Fault } from '../../core/fault.ts';
import type { FlowEnd } from '../../flow/door.ts';
import { crossSiteRefusal } from '../../http/cross-site.ts';
import { duplicateName, formParameters, type Parameters, queryParameters } from '../../http/parameters.ts';
import type { ProtocolServices } from '../protocol.ts';
import { subjectOf } from './claims.ts';
import type { Client } from './clients.store.ts';
import { clientOfPath } from './discovery.ts';
import { OAuthError } from './errors.ts';
import { parameter } from './form.ts';
import { type Hint, readHint } from './id-token-hint.ts';
import { issuerOf } from './mint.ts';
import { revokeSessionTokens } from './oauth2.store.ts';
import { matchRedirectUri, webOrigin } from './redirect-uri.ts';
import { bounded } from './refusals.ts';
import type { OAuth2 } from './runtime.ts';

const PURPOSE = 'oauth2 end session';
const TICKET_MILLISECONDS = 10 * 60 * 1000;

/** What goes through the invalidation flow: the path that completes the sign-out. */
export type EndSession = { endSession: string };
/** Sealed into that path. */
type Ticket = { sessionId: string; to: string | undefined };

/** `GET` and `POST /application/o/<slug>/end-session/` */
export async function endSession(oauth2: OAuth2, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { services } = oauth2;
  const client = await clientOfPath(oauth2, request);
  const form = formParameters(request);
  const isOwnForm = crossSiteRefusal(request, request.requestOrigin.origin) === undefined && form.has('component');
  if (request.method === 'POST' && !isOwnForm) {
    // As an authorization request: the browser comes back with its cookies, and asks for what a GET may.
    const query = new URLSearchParams([...form].flatMap(([name, values]) => values.map((each) => [name, each])));
    return reply.redirect(`${pathOf(client)}?${query.toString().slice(0, 7000)}`, 303);
  }
  const parameters = queryParameters(request);
  const done = readTicket(services, client, parameter(parameters, 'done'));
  const { session } = await services.flow.facts(request);
  if (done)
    return complete(oauth2, request, reply, client, session?.id === done.sessionId ? session.id : undefined, done.to);
  const hint = await hintOf(oauth2, request, client, parameters);
  const to = await readReturnAddress(oauth2, request, client, parameters, hint);
  if (!session) return complete(oauth2, request, reply, client, undefined, to);
  const isAboutThisPerson = hint !== undefined && hint.sub === subjectOf(client.settings.sub_mode, session.user);
  if (!isAboutThisPerson && request.method !== 'POST') {
    await services.flow.show(request, reply, {
      component: 'ostiary-flow-confirm',
      flow_designation: 'invalidation',
      pending_user: session.user.username,
      pending_user_avatar: '',
      application_name: client.application.values.name,
    });
    return reply;
  }
  const slug = client.flows.invalidation;
  const path = withTicket(services, client, { sessionId: session.id, to });
  const started =
    slug === undefined
      ? undefined
      : await services.flow.begin(request, reply, {
          flow: slug,
          startedBy: { protocol: 'oauth2', data: { endSession: path } satisfies EndSession },
          restart: path,
          context: { application: client.application.id, application_name: client.application.values.name },
        });
  if (started?.type === 'page') return reply.redirect(started.to, 303);
  // A flow that refuses does not keep anybody signed in.
  return complete(oauth2, request, reply, client, session.id, to);
}

/** The person has come through the invalidation flow; the cookie can only be cleared by an answer of this endpoint. */
export const finishEndSession = ({ endSession: to }: EndSession): FlowEnd => ({ type: 'redirect', to });

async function complete(
  { services }: OAuth2,
  request: FastifyRequest,
  reply: FastifyReply,
  client: Client,
  sessionId: string | undefined,
  to: string | undefined,
): Promise<FastifyReply> {
  const { core, flow } = services;
  const everywhere = client.settings.logout_scope === 'everywhere';
  if (sessionId !== undefined) {
    if (everywhere) await flow.signOut(request, reply);
    else await core.database.write((each) => revokeSessionTokens(each, core.now(), client.providerPk, sessionId));
  }
  if (to !== undefined) return reply.redirect(to, 302);
  const { name, meta_launch_url } = client.application.values;
  const launch = webOrigin(meta_launch_url) === undefined ? undefined : meta_launch_url;
  const brand = await brandOfHost(core, request.requestOrigin.host);
  await flow.show(request, reply, {
    component: 'ak-stage-session-end',
    pending_user: '',
    pending_user_avatar: '',
    application_name: name,
    ...(launch !== undefined && { application_launch_url: launch }),
    ...(!everywhere && sessionId !== undefined && { invalidation_flow_url: '/flows/-/default/invalidation/' }),
    brand_name: brand?.values.branding_title ?? 'Ostiary',
  });
  return reply;
}

async function hintOf(
  oauth2: OAuth2,
  request: FastifyRequest,
  client: Client,
  parameters: Parameters,
): Promise<Hint | undefined> {
  if (duplicateName(parameters) !== undefined)
    throw new Fault('duplicate_parameter', 'A parameter is given more than once.');
  try {
    const issuer = issuerOf(client, request.requestOrigin.origin);
    return await readHint(oauth2.services, client, parameter(parameters, 'id_token_hint'), issuer);
  } catch (fault) {
    if (!(fault instanceof OAuthError)) throw fault;
    throw new Fault('invalid_id_token_hint', 'This sign-out link is not from an application of yours.', {
      cause: fault,
    });
  }
}

/**
 * Where the person goes next, if the client may say so: it must show by a hint that it is the client, and the address
 * must be registered for logout. A client that registered none may name the root of the very origin of one of its
 * exact addresses: whoever is there could have been sent there with a code anyway. Anything else is not followed.
 */
async function readReturnAddress(
  { refusals }: OAuth2,
  request: FastifyRequest,
  client: Client,
  parameters: Parameters,
  hint: Hint | undefined,
): Promise<string | undefined> {
  const asked = parameter(parameters, 'post_logout_redirect_uri');
  if (asked === undefined) return undefined;
  const state = parameter(parameters, 'state');
  const registered = client.redirectUris.filter(({ uri }) => uri.redirect_uri_type === 'logout');
  const isAllowed =
    registered.length > 0
      ? matchRedirectUri(client.redirectUris, asked, 'logout') !== undefined
      : client.redirectUris.some(({ uri, origin }) => uri.matching_mode === 'strict' && isRootOf(asked, origin));
  if (!isAllowed && registered.length > 0) {
    const message =
      'Redirect URI Error: the address to go to after signing out is not registered for this application.';
    await refusals.record(`logout ${client.clientId} ${asked}`, {
      action: 'configuration_error',
      clientAddress: request.requestOrigin.clientAddress,
      context: {
        message,
        request_id: request.id,
        provider: client.name,
        received: bounded(asked),
        registered: registered.slice(0, 20).map(({ uri }) => uri.url),
      },
    });
    throw new Fault('invalid_redirect_uri', message);
  }
  if (!isAllowed || hint === undefined) return undefined;
  return state === undefined ? asked : `${asked}${asked.includes('?') ? '&' : '?'}${new URLSearchParams({ state })}`;
}

const isRootOf = (asked: string, origin: string | undefined): boolean =>
  origin !== undefined && (asked === origin || asked === `${origin}/`);

const pathOf = (client: Client): string => `/application/o/${client.application.values.slug}/end-session/`;

function withTicket({ core }: ProtocolServices, client: Client, ticket: Ticket): string {
  const expiresAt = core.now() + TICKET_MILLISECONDS;
  const sealed = core.sealer.sealToken(ticket, { purpose: PURPOSE, boundTo: client.clientId, expiresAt });
  return `${pathOf(client)}?${new URLSearchParams({ done: sealed })}`;
}

function readTicket({ core }: ProtocolServices, client: Client, ticket: string | undefined): Ticket | undefined {
  if (ticket === undefined) return undefined;
  return core.sealer.openToken(ticket, { purpose: PURPOSE, boundTo: client.clientId, now: core.now() }) as
    | Ticket
    | undefined;
}

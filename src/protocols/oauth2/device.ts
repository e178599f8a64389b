/**
 * The page on which a person lets a device in (RFC 8628 section 3.3): they sign in, type the code, read which
 * application it is for, say yes, and go through the provider's flow. Nothing is allowed by a link alone: somebody
 * else may have sent it (section 5.4).
 */
import { countedAddress } from '../../http/addresses.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Json } from '../../core/declaration.ts';
import { fromAnotherSite } from '../../core/fault.ts';
import type { Session } from '../../core/sessions.ts';
import type { Finished, FlowEnd } from '../../flow/door.ts';
import { crossSiteRefusal } from '../../http/cross-site.ts';
import { formParameters, onlyValue, queryParameters } from '../../http/parameters.ts';
import type { ProtocolServices } from '../protocol.ts';
import { permissionsOf } from './authorize.ts';
import { type Client, findClientByPk } from './clients.store.ts';
import { allowDevice, type DeviceCode, findDeviceCode } from './device.store.ts';
import { userCodeHash } from './device-authorization.ts';
import { denied } from './issue.ts';
import { DEVICE_CODE_GRANT } from './oauth2.settings.ts';
import type { OAuth2 } from './runtime.ts';

const PURPOSE = 'oauth2 device';
const TICKET_MILLISECONDS = 10 * 60 * 1000;
/** Wrong codes, counted before anything is looked up (section 5.1). */
const GUESSES = { perPerson: 10, perAddress: 50, windowMilliseconds: 10 * 60 * 1000 };
const WRONG = 'This code is not valid, or no longer. Ask your device for a new one.';

/** What goes through the authorization flow. */
export type DeviceAuthorization = { device: string };

/** `GET /device`: asks for the code, or for a yes when the code was right. */
export async function showDevicePage(
  oauth2: OAuth2,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { flow, core } = oauth2.services;
  const query = queryParameters(request);
  const { session } = await flow.facts(request);
  if (!session) return signIn(oauth2, request, reply);
  const code = (onlyValue(query, 'code') ?? '').slice(0, 32);
  const ticket = onlyValue(query, 'confirm');
  if (ticket === undefined) {
    await flow.show(request, reply, { component: 'ak-provider-oauth2-device-code', ...(code && { code }) });
    return reply;
  }
  const found = await openTicket(oauth2.services, session, ticket);
  if (!found) return reply.redirect('/device', 303);
  await flow.show(request, reply, {
    component: 'ostiary-flow-confirm',
    flow_designation: 'authorization',
    pending_user: session.user.username,
    pending_user_avatar: '',
    application_name: found.client.application.values.name,
  });
  core.log.debug({ provider: found.client.providerPk }, 'a person is asked to let a device in');
  return reply;
}

/** `POST /device`: the code, or the yes. */
export async function answerDevicePage(
  oauth2: OAuth2,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { flow, core } = oauth2.services;
  if (crossSiteRefusal(request, request.requestOrigin.origin)) throw fromAnotherSite();
  const { session, clientAddress } = await flow.facts(request);
  if (!session) return signIn(oauth2, request, reply);
  const ticket = onlyValue(queryParameters(request), 'confirm');
  if (ticket !== undefined) {
    const found = await openTicket(oauth2.services, session, ticket);
    return found ? enter(oauth2, request, reply, found, ticket) : reply.redirect('/device', 303);
  }
  const typed = (onlyValue(formParameters(request), 'code') ?? '').slice(0, 64);
  const { perPerson, perAddress, windowMilliseconds } = GUESSES;
  const subjects = [
    `oauth2 user code of ${session.user.pk}`,
    `oauth2 user code from ${countedAddress(clientAddress)}`,
  ] as const;
  const mayGuess =
    (await core.attempts.count(subjects[0], perPerson, windowMilliseconds)) &&
    (await core.attempts.count(subjects[1], perAddress, windowMilliseconds));
  const hash = userCodeHash(typed);
  const found = mayGuess ? await pending(oauth2.services, hash) : undefined;
  if (!found) {
    const errors = {
      code: [{ string: mayGuess ? WRONG : 'Too many codes were wrong. Wait a few minutes.', code: 'invalid' }],
    };
    const challenge = { component: 'ak-provider-oauth2-device-code', response_errors: errors };
    await flow.show(request, reply, challenge, mayGuess ? 200 : 429);
    return reply;
  }
  for (const subject of subjects) await core.attempts.giveBack(subject);
  const expiresAt = core.now() + TICKET_MILLISECONDS;
  const sealed = core.sealer.sealToken({ hash }, { purpose: PURPOSE, boundTo: session.id, expiresAt });
  return reply.redirect(`/device?confirm=${encodeURIComponent(sealed)}`, 303);
}

/** The person has come through the flow: the device is let in. */
export async function finishDevice(
  services: ProtocolServices,
  { device: ticket }: DeviceAuthorization,
  { session, clientAddress }: Finished['request'],
): Promise<FlowEnd> {
  const found = session && (await openTicket(services, session, ticket));
  if (!session || !found) return { type: 'redirect', to: '/device' };
  const { client, code } = found;
  const { user, messages } = await services.access.mayEnter(session.user, client.application, {
    clientAddress,
    context: entryContext(client, code),
  });
  if (!user) return denied(session.user.username, messages);
  const { authenticatedAt, methods, id } = session;
  const grant = { scopes: code.grant.scopes, authenticatedAt, methods: [...methods] };
  const { core } = services;
  const allowed = await core.database.write((transaction) =>
    allowDevice(transaction, core.now(), code.pk, { userPk: user.pk, sessionId: id, grant }),
  );
  if (!allowed) return { type: 'redirect', to: '/device' };
  return { type: 'challenge', challenge: { component: 'ak-provider-oauth2-device-code-finish' } };
}

async function enter(
  oauth2: OAuth2,
  request: FastifyRequest,
  reply: FastifyReply,
  { client, code }: Found,
  ticket: string,
): Promise<FastifyReply> {
  const { flow } = oauth2.services;
  const facts = await flow.facts(request);
  const slug = client.flows.authorization;
  const authorization: DeviceAuthorization = { device: ticket };
  const started = await flow.begin(request, reply, {
    flow: slug ?? '',
    startedBy: { protocol: 'oauth2', data: authorization as Json },
    restart: '/device',
    context: {
      application: client.application.id,
      application_name: client.application.values.name,
      permissions: permissionsOf(client, code.grant.scopes),
    },
  });
  if (started.type === 'page') return reply.redirect(started.to, 303);
  const end =
    started.type === 'denied'
      ? denied(facts.session?.user.username ?? '', [started.message])
      : await finishDevice(oauth2.services, authorization, facts);
  if (end.type === 'redirect') return reply.redirect(end.to, 303);
  await flow.show(request, reply, end.challenge, end.challenge.component === 'ak-stage-access-denied' ? 403 : 200);
  return reply;
}

async function signIn(oauth2: OAuth2, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { flow } = oauth2.services;
  const code = onlyValue(queryParameters(request), 'code');
  const next = code === undefined ? '/device' : `/device?${new URLSearchParams({ code: code.slice(0, 32) })}`;
  const slug = (await flow.defaultFlow(request, 'device_code')) ?? (await flow.defaultFlow(request, 'authentication'));
  const started = await flow.begin(request, reply, { flow: slug ?? '', next, restart: next });
  if (started.type !== 'denied') return reply.redirect(started.type === 'page' ? started.to : next, 303);
  await flow.show(request, reply, denied('', [started.message]).challenge, 403);
  return reply;
}

type Found = { client: Client; code: DeviceCode };

const entryContext = (client: Client, code: DeviceCode): Record<string, Json> => ({
  oauth_scopes: code.grant.scopes,
  oauth_grant_type: DEVICE_CODE_GRANT,
  oauth_client_id: client.clientId,
});

async function pending(services: ProtocolServices, userHash: string): Promise<Found | undefined> {
  const { core } = services;
  const code = await findDeviceCode(core.database.read, 'user_code_hash', userHash);
  if (!code || code.status !== 'pending' || code.expiresAt <= core.now()) return undefined;
  const client = await findClientByPk(services, code.providerPk);
  return client?.grantTypes.has(DEVICE_CODE_GRANT) ? { client, code } : undefined;
}

/** The code that this person typed in this session. */
async function openTicket(services: ProtocolServices, session: Session, ticket: string): Promise<Found | undefined> {
  const { sealer, now } = services.core;
  const opened = sealer.openToken(ticket, { purpose: PURPOSE, boundTo: session.id, now: now() });
  return opened === undefined ? undefined : pending(services, (opened as { hash: string }).hash);
}

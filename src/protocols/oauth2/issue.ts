/**
 * The end of an authorization: the person has signed in and come through the authorization flow, and the client gets
 * its code, its tokens, or both. Everything that decides is asked again: time has passed since the request came.
 */
import { hashToken, randomToken } from '../../core/crypto/tokens.ts';
import type { Json } from '../../core/declaration.ts';
import { recordEvent } from '../../core/events.ts';
import type { Session } from '../../core/sessions.ts';
import type { User } from '../../core/users.ts';
import type { FlowEnd, Finished } from '../../flow/door.ts';
import type { ProtocolServices } from '../protocol.ts';
import type { AuthorizationRequest, Target } from './authorization-request.ts';
import { answerClient, refuseClient } from './authorization-response.ts';
import { subjectOf } from './claims.ts';
import { type Client, findClient } from './clients.store.ts';
import { OAuthError } from './errors.ts';
import type { Grant } from './grant.ts';
import { issuerOf, mint, type Minted, newFamily, storeMinted, type Transaction } from './mint.ts';
import { insertCode } from './oauth2.store.ts';
import { matchRedirectUri } from './redirect-uri.ts';

/** What goes through the authorization flow, and comes back at its end. */
export type Authorization = { asked: AuthorizationRequest; path: string };

type Issue = {
  services: ProtocolServices;
  client: Client;
  asked: AuthorizationRequest;
  user: User;
  session: Session;
  origin: string;
  clientAddress: string;
};

/** What a person who may not enter is shown. */
export const denied = (username: string, messages: readonly string[]): FlowEnd & { type: 'challenge' } => ({
  type: 'challenge',
  challenge: {
    component: 'ak-stage-access-denied',
    pending_user: username,
    pending_user_avatar: '',
    error_message: messages.join(' ') || 'You may not use this application.',
  },
});

/** The names that policies see of an authorization. */
export const entryContext = ({ scopes, responseType }: AuthorizationRequest, client: Client): Record<string, Json> => ({
  oauth_scopes: scopes,
  oauth_grant_type:
    responseType === 'code' ? 'authorization_code' : responseType.includes('code') ? 'hybrid' : 'implicit',
  oauth_client_id: client.clientId,
});

/** Gives the client what it asked for. */
export async function issue(
  services: ProtocolServices,
  { asked, path }: Authorization,
  { origin, session, clientAddress }: Finished['request'],
): Promise<FlowEnd> {
  const client = await findClient(services, asked.clientId);
  const isRegistered = client && matchRedirectUri(client.redirectUris, asked.redirectUri) !== undefined;
  // The request is looked at anew where something of it has changed meanwhile.
  if (!client || !isRegistered || !session) return { type: 'redirect', to: path };
  const entry = { clientAddress, context: entryContext(asked, client) };
  const { user, messages } = await services.access.mayEnter(session.user, client.application, entry);
  if (!user) return denied(session.user.username, messages);
  const issuer = issuerOf(client, origin);
  const target: Target = { redirectUri: asked.redirectUri, mode: asked.mode, state: asked.state };
  if (asked.subject !== undefined && asked.subject !== subjectOf(client.settings.sub_mode, user)) {
    return refuseClient(target, issuer, new OAuthError('login_required', 'another person is signed in'));
  }
  try {
    return answerClient(target, issuer, await give({ services, client, asked, user, session, origin, clientAddress }));
  } catch (fault) {
    if (fault instanceof OAuthError) return refuseClient(target, issuer, new OAuthError('server_error', fault.message));
    throw fault;
  }
}

/** The person does not allow it: the client is told (RFC 6749 section 4.1.2.1), if it may still be told anything. */
export async function decline(
  services: ProtocolServices,
  { asked, path }: Authorization,
  { origin }: Finished['request'],
): Promise<FlowEnd> {
  const client = await findClient(services, asked.clientId);
  const isRegistered = client && matchRedirectUri(client.redirectUris, asked.redirectUri) !== undefined;
  if (!isRegistered) return { type: 'redirect', to: path };
  const target: Target = { redirectUri: asked.redirectUri, mode: asked.mode, state: asked.state };
  return refuseClient(target, issuerOf(client, origin), new OAuthError('access_denied', 'the person did not allow it'));
}

async function give(order: Issue): Promise<Record<string, string>> {
  const { services, client, asked, user, session, origin } = order;
  const { core } = services;
  const words = asked.responseType.split(' ');
  const grant: Grant = {
    scopes: asked.scopes,
    authenticatedAt: session.authenticatedAt,
    methods: [...session.methods],
    ...(asked.nonce !== undefined && { nonce: asked.nonce }),
    ...(asked.claims && { claims: asked.claims }),
  };
  const familyId = newFamily(core.now());
  const code = words.includes('code') ? randomToken() : undefined;
  const store = async (transaction: Transaction): Promise<boolean> => {
    await recordAuthorization(transaction, order);
    if (code === undefined) return true;
    const { redirectUri, challenge } = asked;
    await insertCode(transaction, core.now(), {
      hash: hashToken(code),
      familyId,
      providerPk: client.providerPk,
      userPk: user.pk,
      sessionId: session.id,
      grant: { ...grant, redirectUri, ...(challenge && { challenge }) },
      expiresAt: core.now() + client.lifetimes.code,
    });
    return true;
  };
  const answer: Record<string, string> = code === undefined ? {} : { code };
  if (asked.responseType === 'code') {
    await core.database.write(store);
    return answer;
  }
  const withIdToken = words.includes('id_token');
  const sessionId = session.id;
  const parts = { client, user, grant, familyId, sessionId, origin, withIdToken };
  const minted = await mint(services, { ...parts, ...(code !== undefined && { code }) });
  await storeMinted(services, client, minted, store);
  return { ...answer, ...tokensOf(minted, asked) };
}

function tokensOf(
  { accessToken, expiresIn, idToken }: Minted,
  { scopes }: AuthorizationRequest,
): Record<string, string> {
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: String(expiresIn),
    scope: scopes.join(' '),
    ...(idToken !== undefined && { id_token: idToken }),
  };
}

function recordAuthorization(
  transaction: Transaction,
  { services, client, asked, user, clientAddress }: Issue,
): Promise<void> {
  const { application } = client;
  return recordEvent(transaction, services.core.now(), {
    action: 'authorize_application',
    app: 'authentik.providers.oauth2',
    user: { pk: user.pk, username: user.username, email: user.email },
    clientAddress,
    context: {
      authorized_application: {
        pk: application.id,
        name: application.values.name,
        app: 'authentik_core',
        model_name: 'application',
      },
      scopes: asked.scopes.join(' '),
    },
  });
}

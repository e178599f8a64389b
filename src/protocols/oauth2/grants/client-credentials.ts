/**
 * A program for itself (RFC 6749 section 4.4). It proves who it is by the client's secret, by the app password of an
 * account, or by an access token that a trusted provider gave it (RFC 7523 section 2.2). Never a refresh token.
 */
import { hashToken } from '../../../core/crypto/tokens.ts';
import { normalisedKey } from '../../../core/names.ts';
import type { User } from '../../../core/users.ts';
import { countedAddress } from '../../../http/addresses.ts';
import { configuredScopes } from '../claims.ts';
import { findClientByPk } from '../clients.store.ts';
import { OAuthError } from '../errors.ts';
import { parameter, readScopes } from '../form.ts';
import { mint, newFamily, storeMinted } from '../mint.ts';
import { liveAccessToken } from '../oauth2.store.ts';
import { accountOfAppPassword, isAccountOf, serviceAccountOf } from './service-accounts.ts';
import { type TokenGrant, type TokenRequest } from './token-grant.ts';

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const REFUSED = 'the credentials are not valid for this client';

/** Whose tokens they become. A token that came of a session ends with it. */
type Account = {
  userPk: number;
  sessionId: string | null;
  /** Looks for the client's own account anew, when the number that was kept leads to nobody. */
  again?: () => Promise<number | undefined>;
};

/** What may stand where the secret stands: a token, or base64 of `username:app password`. */
export const standsForSecret = (secret: string): boolean => isToken(secret) || readPair(secret) !== undefined;

const isToken = (text: string): boolean => /^[\w-]{2,}\.[\w-]{2,}\.[\w-]*(\.[\w-]+\.[\w-]+)?$/.test(text);

function readPair(secret: string): { username: string; password: string } | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(secret)) return undefined;
  const text = Buffer.from(secret, 'base64').toString('utf8');
  const match = /^([^\0-\x1f\x7f\ufffd:]{1,150}):([\x21-\x7e]{1,500})$/.exec(text);
  return match ? { username: match[1] ?? '', password: match[2] ?? '' } : undefined;
}

export const clientCredentials: TokenGrant = async (request) => {
  const { oauth2, form, client, origin } = request;
  const account = await findAccount(request);
  const scopes = configuredScopes(client, readScopes(parameter(form, 'scope'))).filter(
    (each) => each !== 'offline_access',
  );
  const user = await admitAccount(request, account, scopes);
  const grant = { scopes, authenticatedAt: oauth2.services.core.now(), methods: [] };
  const { sessionId } = account;
  const minted = await mint(oauth2.services, {
    client,
    user,
    grant,
    familyId: newFamily(oauth2.services.core.now()),
    sessionId,
    origin,
  });
  // Nothing is used up: the same credentials may come again.
  await storeMinted(oauth2.services, client, minted, async () => true);
  return { minted, scopes };
};

async function admitAccount(request: TokenRequest, account: Account, scopes: readonly string[]): Promise<User> {
  const { userPk, again } = account;
  if (!again) return request.admit(userPk, scopes);
  try {
    const user = await request.admit(userPk, scopes);
    if (isAccountOf(request.client, user)) return user;
  } catch (fault) {
    if (!(fault instanceof OAuthError)) throw fault;
  }
  const other = await again();
  const user = other === undefined ? undefined : await request.admit(other, scopes);
  if (!user || !isAccountOf(request.client, user))
    throw new OAuthError('invalid_grant', 'the account of this client cannot be used');
  return user;
}

async function findAccount(request: TokenRequest): Promise<Account> {
  const { oauth2, form, client, proof, foreignSecret } = request;
  const assertion = parameter(form, 'client_assertion');
  const assertionType = parameter(form, 'client_assertion_type');
  const username = parameter(form, 'username');
  const password = parameter(form, 'password');
  if ((assertion !== undefined || assertionType !== undefined) && assertionType !== JWT_BEARER) {
    throw new OAuthError('invalid_request', `client_assertion_type is not ${JWT_BEARER}`);
  }
  if (assertion !== undefined) {
    // One proof at a time: with two, nobody could say which one counted.
    if (proof === 'secret' || foreignSecret !== undefined || username !== undefined) {
      throw new OAuthError('invalid_request', 'the client is authenticated in two ways at once');
    }
    return federatedAccount(request, assertion);
  }
  if (assertionType !== undefined) throw new OAuthError('invalid_request', 'client_assertion is missing');
  if (username !== undefined && password !== undefined) {
    if (foreignSecret !== undefined) throw new OAuthError('invalid_client', REFUSED);
    return passwordAccount(request, username, password);
  }
  if (username !== undefined || password !== undefined) {
    throw new OAuthError('invalid_request', 'username and password come together');
  }
  if (foreignSecret !== undefined) {
    const pair = readPair(foreignSecret);
    if (isToken(foreignSecret)) return federatedAccount(request, foreignSecret);
    if (!pair) throw new OAuthError('invalid_client', REFUSED);
    return passwordAccount(request, pair.username, pair.password);
  }
  if (proof !== 'secret') throw new OAuthError('invalid_client', 'this grant needs credentials');
  if (client.settings.client_type === 'public') {
    throw new OAuthError('unauthorized_client', 'a public client has no secret that proves anything');
  }
  const { core } = oauth2.services;
  const userPk = await serviceAccountOf(core, client);
  if (userPk === undefined) throw new OAuthError('invalid_grant', 'the account of this client cannot be used');
  return { userPk, sessionId: null, again: () => serviceAccountOf(core, client, true) };
}

/** The account whose app password this is; guesses are counted for the client, the name and the address. */
async function passwordAccount(request: TokenRequest, username: string, password: string): Promise<Account> {
  const { oauth2, client, clientAddress } = request;
  let userPk: number | undefined;
  const subject = `app password ${client.clientId} ${normalisedKey(username)} ${countedAddress(clientAddress)}`;
  const verdict = await oauth2.guesses.check(subject, async () => {
    userPk = await accountOfAppPassword(oauth2.services.core, username, password);
    return userPk !== undefined;
  });
  if (verdict.type === 'blocked') {
    const { retryAfter } = verdict;
    throw new OAuthError('invalid_grant', 'too many wrong passwords came from here', { status: 429, retryAfter });
  }
  if (userPk === undefined) throw new OAuthError('invalid_grant', REFUSED);
  return { userPk, sessionId: null };
}

/**
 * The account of an access token that one of the trusted providers gave. The token is looked up and not believed, so
 * no header of it can choose a key; and its owner must still be let into the application that it was given for.
 */
async function federatedAccount(request: TokenRequest, assertion: string): Promise<Account> {
  const { oauth2, client, clientAddress } = request;
  const { core, access } = oauth2.services;
  const token = await liveAccessToken(core.database.read, core.now(), hashToken(assertion));
  if (!token || !client.federatedProviders.has(token.providerPk)) throw new OAuthError('invalid_client', REFUSED);
  const issuer = await findClientByPk(oauth2.services, token.providerPk);
  const entry = { clientAddress, context: { oauth_grant_type: request.grantType, oauth_client_id: client.clientId } };
  const verdict = issuer && (await access.mayEnter({ pk: token.userPk }, issuer.application, entry));
  if (!verdict?.passing) throw new OAuthError('invalid_client', REFUSED);
  return { userPk: token.userPk, sessionId: token.sessionId };
}

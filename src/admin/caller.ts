/** Who calls: by a token, by an OAuth access token, or by the session of a browser. */
import { countedAddress } from '../http/addresses.ts';
import type { FastifyRequest } from 'fastify';
import { equalInConstantTime } from '../core/crypto/tokens.ts';
import { Fault, forbidden } from '../core/fault.ts';
import { tokenByKey } from '../core/tokens.ts';
import { type User, userByPk } from '../core/users.ts';
import { csrfCookie, readCookie } from '../http/cookies.ts';
import { crossSiteRefusal } from '../http/cross-site.ts';
import { holds, type Rights, rightsOf } from './rights.ts';
import type { AdminServices } from './services.ts';

export type Caller = {
  user: User;
  rights: Rights;
  /** The session that the request came with, if it came by one. */
  sessionId: string | undefined;
  /** Whether the caller has a permission, on all objects or on this one. */
  can(permission: string, objectId?: string): boolean;
};

/** So many wrong tokens may come from one address within the window. */
const MOST_GUESSES = 100;
const WINDOW_MILLISECONDS = 10 * 60 * 1000;
const MOST_BLOCKED = 1000;

export type Authenticate = (request: FastifyRequest) => Promise<Caller>;

/** Makes what recognises callers. It throws permission_denied (403) where nobody is recognised. */
export function makeAuthentication(services: AdminServices): Authenticate {
  const { core } = services;
  // The count is in the database; here stands only who is over it, so that a good token costs no look.
  const blocked = new Map<string, number>();

  const byToken = async (request: FastifyRequest, key: string): Promise<User> => {
    const clientAddress = countedAddress(request.requestOrigin.clientAddress);
    if ((blocked.get(clientAddress) ?? 0) > core.now()) throw tooManyGuesses();
    const user = key.length <= 4096 ? await userOfKey(services, key) : undefined;
    if (user) return user;
    if (!(await core.attempts.count(`api token from ${clientAddress}`, MOST_GUESSES, WINDOW_MILLISECONDS))) {
      if (blocked.size >= MOST_BLOCKED) blocked.delete(blocked.keys().next().value as string);
      blocked.set(clientAddress, core.now() + WINDOW_MILLISECONDS);
      throw tooManyGuesses();
    }
    throw new Fault('authentication_failed', 'Token invalid/expired', { status: 403 });
  };

  return async (request) => {
    const { authorization } = request.headers;
    if (authorization !== undefined) {
      const key = /^bearer +(\S+)$/i.exec(authorization)?.[1];
      if (key === undefined)
        throw new Fault('authentication_failed', 'Unsupported authentication type', { status: 403 });
      return callerOf(services, await byToken(request, key), undefined);
    }
    const { session, origin } = await services.flow.facts(request);
    if (!session) {
      throw new Fault('not_authenticated', 'Authentication credentials were not provided.', { status: 403 });
    }
    requireOwnSite(request, origin);
    return callerOf(services, session.user, session.id);
  };
}

async function userOfKey(services: AdminServices, key: string): Promise<User | undefined> {
  const { core } = services;
  const token = await tokenByKey(core.database.read, core.now(), key, 'api');
  if (token) return token.user;
  const granted = await services.accessTokenUser?.(key);
  const user = granted && (await userByPk(core.database.read, granted.pk));
  return user?.isActive ? user : undefined;
}

async function callerOf(services: AdminServices, user: User, sessionId: string | undefined): Promise<Caller> {
  const rights = await rightsOf(services.core.database.read, { userPk: user.pk });
  return { user, rights, sessionId, can: (permission, objectId) => holds(rights, permission, objectId) };
}

/** A browser sends its session by itself, so a change must also prove that our own page asked for it. */
function requireOwnSite(request: FastifyRequest, origin: string): void {
  if (request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS') return;
  const refusal = crossSiteRefusal(request, origin);
  if (refusal !== undefined) throw forbidden(`CSRF Failed: ${refusal}.`);
  const cookie = readCookie(request, csrfCookie);
  const header = request.headers['x-authentik-csrf'];
  if (cookie === undefined || typeof header !== 'string' || !equalInConstantTime(cookie, header)) {
    throw forbidden('CSRF Failed: CSRF token missing or incorrect.');
  }
}

const tooManyGuesses = (): Fault =>
  new Fault('throttled', 'Too many wrong tokens came from this address. Try again later.', { status: 429 });

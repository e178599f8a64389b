/** The browser on the other side: its cookie, its session, and the facts of a request that stages may rely on. */
import { BlockList, isIP } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Core } from '../core/core.ts';
import { newBrowserToken, type Session, sessionByToken } from '../core/sessions.ts';
import { clearCookie, readCookie, sessionCookie, setCookie } from '../http/cookies.ts';
import type { RequestFacts } from '../stages/stage.ts';
import type { BrowserChanges } from './engine.ts';
import { browserName } from './run.ts';

const TOKEN_FORM = /^[\w-]{43}$/;

/** The token that the browser sent, if it can be one of ours. */
export function browserToken(request: FastifyRequest): string | undefined {
  const token = readCookie(request, sessionCookie);
  return token !== undefined && TOKEN_FORM.test(token) ? token : undefined;
}

/** Reads the facts of a request; the session is looked up in the database each time. */
export async function readFacts(core: Core, request: FastifyRequest): Promise<RequestFacts> {
  const { clientAddress, origin } = request.requestOrigin;
  const token = browserToken(request);
  const session = token === undefined ? undefined : await sessionByToken(core.database, core.now(), token);
  return {
    origin,
    clientAddress,
    userAgent: (request.headers['user-agent'] ?? '').slice(0, 500),
    requestId: request.id,
    session: session && isBoundElsewhere(session, clientAddress) ? undefined : session,
  };
}

/** The name that runs of this browser are bound to. A browser without a cookie is given one; nothing is stored. */
export function nameBrowser(request: FastifyRequest, reply: FastifyReply): string {
  const known = browserToken(request);
  if (known !== undefined) return browserName(known);
  const token = newBrowserToken();
  setCookie(request, reply, sessionCookie, token);
  return browserName(token);
}

/** Tells the browser what became of its session. */
export function tellBrowser(request: FastifyRequest, reply: FastifyReply, changes: BrowserChanges): void {
  const { session, signedOut, newName } = changes;
  if (session) {
    const lifetime = Math.floor(session.lifetimeMilliseconds / 1000);
    setCookie(request, reply, sessionCookie, session.token, session.persistent ? { maxAgeSeconds: lifetime } : {});
  } else if (newName !== undefined) setCookie(request, reply, sessionCookie, newName);
  else if (signedOut) clearCookie(request, reply, sessionCookie);
}

/** True when the session belongs to a network and the request comes from another. */
function isBoundElsewhere(session: Session, clientAddress: string): boolean {
  const [network, prefix] = (session.binding.network ?? '').split('/');
  if (!network || !prefix) return false;
  const family = isIP(network) === 6 ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  list.addSubnet(network, Number(prefix), family);
  return !list.check(clientAddress, isIP(clientAddress) === 6 ? 'ipv6' : 'ipv4');
}

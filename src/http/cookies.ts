/** Our cookies (RFC 6265): few, bounded, and never readable across sites. */
import type { FastifyReply, FastifyRequest } from 'fastify';

/** The name of the session cookie, as authentik has it. */
export const sessionCookie = 'authentik_session';
/** The name of the cookie whose value a script repeats in the header `X-authentik-CSRF`. */
export const csrfCookie = 'authentik_csrf';

export type CookieOptions = {
  /** In seconds; without it the cookie ends with the browser's session. */
  readonly maxAgeSeconds?: number;
  /** Only for the one that scripts repeat. */
  readonly readableByScripts?: boolean;
};

const mostCookies = 200;

/**
 * The value of one cookie, or undefined where there is none. Two of the name count as none: one of them may have
 * been planted by a neighbouring host, and nobody can tell which.
 */
export function readCookie(request: FastifyRequest, name: string): string | undefined {
  const header = request.headers.cookie;
  if (header === undefined || !header.includes(name)) return undefined;
  const pairs = header.split(';', mostCookies + 1);
  if (pairs.length > mostCookies) return undefined;
  let value: string | undefined;
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    if (equals === -1 || pair.slice(0, equals).trim() !== name) continue;
    if (value !== undefined) return undefined;
    value = pair.slice(equals + 1).trim();
  }
  // Our own values are of these characters; anything else is not ours.
  return value !== undefined && value.length <= 4096 && /^[\w.~-]+$/.test(value) ? value : undefined;
}

/**
 * Sets a cookie for the whole host: `HttpOnly`, `SameSite=Lax`, and `Secure` when people come by https.
 *
 * @throws RangeError for a value with characters outside `A-Z a-z 0-9 _ . ~ -`.
 */
export function setCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  name: string,
  value: string,
  options: CookieOptions = {},
): void {
  if (!/^[\w.~-]+$/.test(value)) throw new RangeError('a cookie value is of letters, digits and _ . ~ - only');
  reply.header('set-cookie', cookieText(request, name, value, options));
}

/** Removes a cookie that `setCookie` set. */
export function clearCookie(request: FastifyRequest, reply: FastifyReply, name: string): void {
  reply.header('set-cookie', cookieText(request, name, '', { maxAgeSeconds: 0 }));
}

function cookieText(request: FastifyRequest, name: string, value: string, options: CookieOptions): string {
  const age = options.maxAgeSeconds === undefined ? '' : `; Max-Age=${Math.floor(options.maxAgeSeconds)}`;
  const hidden = options.readableByScripts === true ? '' : '; HttpOnly';
  const secure = request.requestOrigin.scheme === 'https' ? '; Secure' : '';
  return `${name}=${value}; Path=/${age}${hidden}${secure}; SameSite=Lax`;
}

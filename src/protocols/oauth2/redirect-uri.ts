/**
 * Which addresses a client may be answered at. Pure functions. Comparison is exact (RFC 9700 section 2.1): a strict
 * address equals character by character, a regular expression covers the whole address.
 */
import { type BoundedPattern, boundedPattern } from './bounded-pattern.ts';
import type { RedirectUri } from './oauth2.settings.ts';

const LONGEST = 2000;
/** Schemes that run code or show data in the browser instead of going somewhere. */
const FORBIDDEN_SCHEMES = new Set(['javascript:', 'data:', 'vbscript:', 'blob:', 'file:', 'about:', 'view-source:']);

/** An address as the matching prepared it. */
export type RegisteredUri = {
  uri: RedirectUri;
  matches(presented: string): boolean;
  /** Scheme, host and port, where the address says so for certain. */
  origin: string | undefined;
};

/**
 * Whether an address can be redirected to at all: absolute, without a fragment (RFC 6749 section 3.1.2), without
 * user information or characters that parsers read differently, and of no scheme that runs in the browser.
 */
export function isUsableRedirectUri(text: string): boolean {
  // Printable ASCII without the backslash, which browsers read as a slash, and without quotes and brackets.
  if (text.length > LONGEST || !/^[a-z][a-z0-9+.-]*:[\x21\x24-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+$/i.test(text))
    return false;
  const url = URL.parse(text);
  if (!url || url.hash !== '' || url.username !== '' || url.password !== '') return false;
  if (FORBIDDEN_SCHEMES.has(url.protocol)) return false;
  const isWeb = url.protocol === 'http:' || url.protocol === 'https:';
  // A web address is written out: `https:host` and `https:///host` would be mended by some parsers and not by others.
  return !isWeb || /^https?:\/\/[^/?]/i.test(text);
}

/** Whether a text can be used as a regular expression, and is not for addresses that are never redirected to. */
export function isUsablePattern(text: string): boolean {
  const scheme = /^[\^(?:\\]*([a-z][a-z-]*)\\?:/i.exec(text)?.[1] ?? '';
  return !FORBIDDEN_SCHEMES.has(`${scheme.toLowerCase()}:`) && compile(text) !== undefined;
}

/** Anchored at both ends, whatever the pattern says of alternatives. */
function compile(pattern: string): BoundedPattern | undefined {
  if (pattern.length > LONGEST) return undefined;
  try {
    return boundedPattern(pattern);
  } catch {
    return undefined;
  }
}

/** Prepares the addresses of a client. One that cannot be read matches nothing. */
export function prepareRedirectUris(uris: readonly RedirectUri[]): RegisteredUri[] {
  return uris.map((uri) => {
    if (uri.matching_mode === 'strict') {
      return { uri, matches: (presented) => presented === uri.url, origin: webOrigin(uri.url) };
    }
    const pattern = compile(uri.url);
    return { uri, matches: (presented) => pattern?.test(presented) ?? false, origin: literalOrigin(uri.url) };
  });
}

/** The registered address that a presented one matches, or undefined. */
export function matchRedirectUri(
  registered: readonly RegisteredUri[],
  presented: string,
  type: RedirectUri['redirect_uri_type'] = 'authorization',
): RegisteredUri | undefined {
  if (!isUsableRedirectUri(presented)) return undefined;
  return registered.find((each) => each.uri.redirect_uri_type === type && each.matches(presented));
}

/** `scheme://host[:port]` of a web address, as browsers send it in `Origin`; undefined for anything else. */
export function webOrigin(text: string): string | undefined {
  const url = URL.parse(text);
  return url && (url.protocol === 'http:' || url.protocol === 'https:') ? url.origin : undefined;
}

/** The origin of a pattern whose scheme and host hold no operator: `https://app\.example\.com/.*`. */
function literalOrigin(pattern: string): string | undefined {
  const match = /^\^?(https?):(?:\\?\/){2}((?:[a-z0-9-]|\\\.|\\-)+)(?::(\d{1,5}))?(?=\\?\/|\$|$)/i.exec(pattern);
  if (!match) return undefined;
  const host = (match[2] ?? '').replaceAll('\\', '');
  return webOrigin(`${match[1]}://${host}${match[3] === undefined ? '' : `:${match[3]}`}`);
}

/** Whether an address leads to this very machine (RFC 8252 section 7.3). */
export function isLoopback(text: string): boolean {
  const url = URL.parse(text);
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) return false;
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
}

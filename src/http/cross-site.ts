/** Refuses forms and scripts of other sites, by what the browser itself says of a request. */
import type { FastifyRequest } from 'fastify';

/**
 * Why an unsafe request must be refused as coming from another site, or undefined where it may go on.
 * `Sec-Fetch-Site` decides where the browser sends it (Fetch Metadata), else `Origin` (RFC 6454), which every
 * browser sends with a POST. A request with neither comes from no browser and carries nobody's cookies by itself.
 */
export function crossSiteRefusal(request: FastifyRequest, origin: string): string | undefined {
  if (request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS') return undefined;
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined) {
    return site === 'same-origin' || site === 'none' ? undefined : 'the request comes from another site';
  }
  const from = request.headers.origin;
  return from === undefined || from === origin ? undefined : 'the request comes from another origin';
}

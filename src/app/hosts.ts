/**
 * Under which names this server answers. Issuers and links are made of the base URL; a Host that is neither it, nor
 * loopback, nor a brand's domain gets a page that says what to set, and nothing else. Until set-up is done there is
 * no base URL and nobody to protect, and every name leads to the set-up page.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { brandOfHost, brandsOf } from '../core/brands.ts';
import type { Core } from '../core/core.ts';
import { Fault } from '../core/fault.ts';
import { setupState, storedBaseUrl } from '../core/setup.ts';

/** What is asked by address and not by name: probes of health, and files that are the same for all. */
const NAMELESS = /^\/(?:-\/health\/|static\/)/;
const LOOPBACK = /^(?:localhost|.*\.localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/;

/** Looks at the Host of every request, and puts the scheme right where the base URL knows it better. */
export function checkHosts(server: FastifyInstance, core: Core): void {
  server.addHook('onRequest', async (request) => {
    const { host } = request.requestOrigin;
    if (LOOPBACK.test(host) || NAMELESS.test(request.raw.url ?? '')) return;
    const base = await baseUrlOf(core);
    if (base === undefined && !(await isSetUp(core))) return;
    const url = base === undefined ? undefined : new URL(base);
    if (url && isAt(url, host)) return useBase(request, url);
    const brands = await brandsOf(core);
    const brand = await brandOfHost(core, host);
    const name = host.replace(/:\d+$/, '');
    const isOurs = brands.some(({ values }) => name === values.domain || name.endsWith(`.${values.domain}`));
    if (!brand || !isOurs) throw new Fault('wrong_host', 'This server does not answer to this name.', { status: 421 });
  });
}

/** Whether the host is that of the URL. Behind TLS that ended before us, the port of https is written out. */
const isAt = (url: URL, host: string): boolean =>
  host === url.host || (url.protocol === 'https:' && url.port === '' && host === `${url.host}:443`);

/** A proxy that ends TLS and is not trusted says http; the operator has said https. */
function useBase(request: FastifyRequest, { protocol, host, origin }: URL): void {
  request.requestOrigin = { ...request.requestOrigin, scheme: protocol === 'https:' ? 'https' : 'http', host, origin };
}

async function baseUrlOf(core: Core): Promise<string | undefined> {
  if (core.baseUrl !== undefined) return core.baseUrl;
  // `null` is kept in memory, `undefined` would be looked up each time.
  return (await core.configuration.get('base url', async () => (await storedBaseUrl(core)) ?? null)) ?? undefined;
}

/** Only `done` is kept in memory; it never changes again. */
async function isSetUp(core: Core): Promise<boolean> {
  const done = await core.configuration.get('set-up is done', async () =>
    (await setupState(core)) === 'done' ? true : undefined,
  );
  return done === true;
}

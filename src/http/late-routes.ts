/**
 * Routes of a room that most servers rarely use: they stand behind one route of the server, and the room is loaded
 * with the first request for it. Everything else (hooks, bodies, faults, 404 and 405, metrics) is as for any route.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { type RoutePattern, routePattern } from './methods.ts';

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** Where a room puts its routes. A segment of a pattern is text, or a name after a colon. */
export type LateRoutes = {
  add(method: HTTPMethods, pattern: string, handler: Handler): void;
  /** What is to be done when the server closes. */
  onClose(close: () => void): void;
};

type Place = {
  texts: Map<string, Place>;
  any: Place | undefined;
  routes: Map<string, { pattern: string; names: readonly string[]; handler: Handler }>;
};

/** Of a route that stands for others: the patterns below its prefix. */
export type LatePatterns = { prefix: string; load(): Promise<readonly RoutePattern[]> };

declare module 'fastify' {
  interface FastifyContextConfig {
    latePatterns?: LatePatterns;
  }
  interface FastifyRequest {
    /** The pattern of a late route, for metrics. */
    latePattern?: string;
  }
}

const METHODS: HTTPMethods[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
/** As for other routes: no name or key is longer. */
const LONGEST_SEGMENT = 512;

/** Lets `fill` add the routes below `prefix`, which ends with a slash, when the first of them is asked for. */
export function mountLateRoutes(
  server: FastifyInstance,
  prefix: string,
  fill: (routes: LateRoutes) => Promise<void>,
): void {
  const closing: (() => void)[] = [];
  let loading: Promise<{ root: Place; patterns: readonly RoutePattern[] }> | undefined;
  const load = async (): Promise<{ root: Place; patterns: readonly RoutePattern[] }> => {
    const root = makePlace();
    const patterns: RoutePattern[] = [];
    await fill({
      add(method, pattern, handler) {
        put(root, method, pattern, handler);
        patterns.push(routePattern(method, pattern));
        if (method === 'GET') patterns.push(routePattern('HEAD', pattern));
      },
      onClose: (close) => void closing.push(close),
    });
    return { root, patterns };
  };
  const loaded = (): NonNullable<typeof loading> => {
    loading ??= load().catch((fault: unknown) => {
      // The next request tries again.
      loading = undefined;
      throw fault;
    });
    return loading;
  };
  server.addHook('onClose', async () => {
    for (const close of closing) close();
  });
  server.decorateRequest('latePattern');
  server.route({
    method: METHODS,
    url: `${prefix}*`,
    config: { latePatterns: { prefix, load: async () => (await loaded()).patterns } },
    handler: async (request, reply) => {
      const { root } = await loaded();
      const [path = ''] = (request.raw.url ?? '').split('?', 1);
      const found = find(root, request.method === 'HEAD' ? 'GET' : request.method, path);
      if (!found) return reply.callNotFound();
      request.params = found.params;
      request.latePattern = found.pattern;
      return found.handler(request, reply);
    },
  });
}

const makePlace = (): Place => ({ texts: new Map(), any: undefined, routes: new Map() });

function put(root: Place, method: HTTPMethods, pattern: string, handler: Handler): void {
  const names: string[] = [];
  let place = root;
  for (const segment of pattern.split('/')) {
    if (segment.startsWith(':')) {
      names.push(segment.slice(1));
      place.any ??= makePlace();
      place = place.any;
      continue;
    }
    const next = place.texts.get(segment) ?? makePlace();
    place.texts.set(segment, next);
    place = next;
  }
  if (place.routes.has(method)) throw new Error(`${method} ${pattern} is there already`);
  place.routes.set(method, { pattern, names, handler });
}

function find(
  root: Place,
  method: string,
  path: string,
): { pattern: string; params: Record<string, string>; handler: Handler } | undefined {
  const segments = path.split('/').map(decode);
  const values: string[] = [];
  // Text comes before names; a name is tried where the text has no such method further down.
  const walk = (place: Place, index: number): ReturnType<Place['routes']['get']> => {
    const segment = segments[index];
    if (index === segments.length) return place.routes.get(method);
    if (segment === undefined) return undefined;
    const text = place.texts.get(segment);
    const found = text && walk(text, index + 1);
    if (found || !place.any || segment === '' || segment.length > LONGEST_SEGMENT) return found;
    values.push(segment);
    const below = walk(place.any, index + 1);
    if (!below) values.pop();
    return below;
  };
  const route = walk(root, 0);
  if (!route) return undefined;
  const params = Object.fromEntries(route.names.map((name, index) => [name, values[index] ?? '']));
  return { pattern: route.pattern, params, handler: route.handler };
}

/** Undefined for what is not percent-encoded UTF-8: such a path leads nowhere. */
function decode(segment: string): string | undefined {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

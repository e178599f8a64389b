/**
 * The HTTP server: bounds, security headers, request ids, bodies, errors.
 *
 * Owns what holds for every request. Does not own routes (rooms mount them), sessions, or who may do what.
 */
import { randomUUID } from 'node:crypto';
import type { BlockList, Socket } from 'node:net';
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { Fault } from '../core/fault.ts';
import { type RequestOrigin, requestOrigin } from './addresses.ts';
import { readBodies } from './bodies.ts';
import { type RenderErrorPage, sendError } from './errors.ts';
import type { LatePatterns } from './late-routes.ts';
import { allowedMethods, type RoutePattern, routePattern } from './methods.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Scheme, host and client address, already checked. */
    requestOrigin: RequestOrigin;
  }
}

/** Times are milliseconds, sizes bytes. */
export type HttpServerOptions = {
  readonly trustedProxies: BlockList;
  readonly renderErrorPage: RenderErrorPage;
  readonly logger?: FastifyBaseLogger;
  readonly bodyLimit?: number;
  readonly headersTimeout?: number;
  readonly requestTimeout?: number;
};

/** All header lines of a request together. */
export const longestHeaders = 16 * 1024;

/** Nothing is allowed on a page unless the page says so itself. */
const securityHeaders = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

/**
 * Makes a server that listens nowhere yet. Paths are exact: case and trailing slash count. `request.query` is the
 * raw text (read it with `queryParameters`), a form body is `Parameters`, `request.requestOrigin` is set.
 */
export function makeHttpServer(options: HttpServerOptions): FastifyInstance {
  const headersTimeout = options.headersTimeout ?? 10_000;
  const server = fastify({
    ...(options.logger === undefined ? {} : { loggerInstance: options.logger }),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    trustProxy: false,
    bodyLimit: options.bodyLimit ?? 1024 * 1024,
    requestTimeout: options.requestTimeout ?? 30_000,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    // Not taken from a header: whoever reads the log must be able to rely on it.
    requestIdHeader: false,
    genReqId: () => randomUUID().replaceAll('-', ''),
    http: {
      maxHeaderSize: longestHeaders,
      headersTimeout,
      connectionsCheckingInterval: Math.min(headersTimeout, 5_000),
    },
    routerOptions: {
      caseSensitive: true,
      ignoreTrailingSlash: false,
      ignoreDuplicateSlashes: false,
      maxParamLength: 512,
      // Handed on as it is: most requests never look at it, and duplicates must not be lost.
      querystringParser: rawQuery,
    },
    frameworkErrors: (error, request, reply) => {
      reply.headers(securityHeaders);
      void sendError(error, request, reply, options.renderErrorPage);
    },
    clientErrorHandler: answerClientError,
  });
  const routes: RoutePattern[] = [];
  const late: LatePatterns[] = [];
  server.addHook('onRoute', (route) => {
    const { latePatterns } = route.config ?? {};
    if (latePatterns) late.push(latePatterns);
    else for (const method of [route.method].flat()) routes.push(routePattern(method, route.url));
  });
  server.decorateRequest('requestOrigin');
  server.addHook('onRequest', (request, reply, done) => {
    reply.headers(securityHeaders);
    try {
      checkUrl(request.raw.url ?? '');
      request.requestOrigin = requestOrigin(request.raw, options.trustedProxies);
    } catch (error) {
      done(error instanceof Error ? error : new Error('not a request', { cause: error }));
      return;
    }
    if (request.requestOrigin.scheme === 'https') reply.header('strict-transport-security', 'max-age=31536000');
    done();
  });
  readBodies(server);
  closeAfterAnswers(server);
  server.setErrorHandler((error, request, reply) => sendError(error, request, reply, options.renderErrorPage));
  server.setNotFoundHandler(async (request, reply) => {
    const [path = ''] = (request.raw.url ?? '').split('?', 1);
    const asked = late.filter(({ prefix }) => path.startsWith(prefix));
    const known = [routes, ...(await Promise.all(asked.map(({ load }) => load())))].flat();
    return sendError(missing(allowedMethods(known, path), request, reply), request, reply, options.renderErrorPage);
  });
  return server;
}

/** A connection that was kept open after its last answer would hold up the stop for as long as it is kept. */
function closeAfterAnswers(server: FastifyInstance): void {
  let isStopping = false;
  server.addHook('preClose', (done) => {
    isStopping = true;
    done();
  });
  server.addHook('onSend', (_request, reply, _payload, done) => {
    if (isStopping) reply.header('connection', 'close');
    done();
  });
}

function rawQuery(text: string): Record<string, unknown> {
  // The router only hands this on; its type knows objects alone.
  return text as unknown as Record<string, unknown>;
}

function checkUrl(url: string): void {
  // An absolute address here would name another host than the Host header (RFC 9112 section 3.2.2).
  if (!url.startsWith('/') && url !== '*') throw new Fault('bad_url', 'The address is not valid.');
  if (/[^\x21-\x7e]/.test(url)) throw new Fault('bad_url', 'The address holds characters that must be encoded.');
  if (url.includes('%00')) throw new Fault('bad_url', 'The address holds a NUL character.');
}

function missing(methods: readonly string[], request: FastifyRequest, reply: FastifyReply): Fault {
  if (methods.length === 0) return new Fault('not_found', 'Not found.', { status: 404 });
  // Everything fits but the length of a name in the address.
  if (methods.includes(request.method)) return new Fault('uri_too_long', 'The address is too long.', { status: 414 });
  reply.header('allow', methods.join(', '));
  return new Fault('method_not_allowed', 'This method is not allowed here.', { status: 405 });
}

/** What the parser of the connection refused has no request yet; it gets the shortest answer there is. */
function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? '408 Request Timeout'
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? '431 Request Header Fields Too Large'
        : '400 Bad Request';
  const body = JSON.stringify({ detail: 'The request cannot be understood.', code: 'bad_request' });
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}`;
  socket.end(`${head}\r\nConnection: close\r\n\r\n${body}`);
}

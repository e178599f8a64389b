/** The routes of the room: who may call them, and how their results become answers. */
import type { HTTPMethods } from 'fastify';
import { randomToken } from '../core/crypto/tokens.ts';
import type { Declaration } from '../core/declaration.ts';
import { csrfCookie, readCookie, setCookie } from '../http/cookies.ts';
import type { LateRoutes } from '../http/late-routes.ts';
import { queryParameters } from '../http/parameters.ts';
import { type Authenticate, makeAuthentication } from './caller.ts';
import type { AdminContext, AdminServices, OpenContext } from './services.ts';
import { makeValidation, type Validation } from './validation.ts';

export const BASE = '/api/v3';

export type Room = {
  routes: LateRoutes;
  services: AdminServices;
  declarations: readonly Declaration[];
  validation: Validation;
  authenticate: Authenticate;
};

export function makeRoom(routes: LateRoutes, services: AdminServices, declarations: readonly Declaration[]): Room {
  return { routes, services, declarations, validation: makeValidation(), authenticate: makeAuthentication(services) };
}

/** What a handler answers: a body with 200, `created` with 201, nothing with 204. */
export class Created {
  readonly body: unknown;
  constructor(body: unknown) {
    this.body = body;
  }
}

/** A route for callers who are known. `path` is below `/api/v3/` and ends without a slash. */
export function addRoute(
  room: Room,
  method: HTTPMethods,
  path: string,
  handle: (context: AdminContext) => Promise<unknown>,
): void {
  add(room, method, path, async (open) => {
    const caller = await room.authenticate(open.request);
    // What a script of our own pages must repeat when it changes something.
    if (caller.sessionId !== undefined && readCookie(open.request, csrfCookie) === undefined) {
      setCookie(open.request, open.reply, csrfCookie, randomToken(), { readableByScripts: true });
    }
    return handle({ ...open, caller });
  });
}

/** A route for everybody. */
export function addOpenRoute(
  room: Room,
  method: HTTPMethods,
  path: string,
  handle: (context: OpenContext) => Promise<unknown>,
): void {
  add(room, method, path, handle);
}

function add(room: Room, method: HTTPMethods, path: string, handle: (context: OpenContext) => Promise<unknown>): void {
  const { services, declarations } = room;
  room.routes.add(method, `${BASE}/${path}/`, async (request, reply) => {
    reply.header('cache-control', 'no-store').header('vary', 'authorization, cookie');
    const query = queryParameters(request);
    const result = await handle({ services, core: services.core, request, reply, query, declarations });
    if (reply.sent) return reply;
    if (result === undefined) return reply.code(204).send();
    if (result instanceof Created) return reply.code(201).send(result.body);
    return reply.send(result);
  });
}

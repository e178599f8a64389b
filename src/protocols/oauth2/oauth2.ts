/**
 * OAuth 2.0 and OpenID Connect: how web, mobile and command-line applications learn who somebody is.
 *
 * Owns the clients' settings, the endpoints under `/application/o/`, codes and tokens. Does not own how people sign
 * in (flow), who may enter (access), what scopes tell (mappings), or keys (core).
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { defineProtocol, type ProtocolServices } from '../protocol.ts';
import { apiUser, previewUser, setupUrls } from './administration.ts';
import { authorize } from './authorize.ts';
import { allowRegisteredOrigin, preflight } from './cors.ts';
import { answerDevicePage, type DeviceAuthorization, finishDevice, showDevicePage } from './device.ts';
import { deviceAuthorization } from './device-authorization.ts';
import { discovery, providerRoot, webFinger } from './discovery.ts';
import { type EndSession, endSession, finishEndSession } from './end-session.ts';
import { OAuthError, sendOAuthError } from './errors.ts';
import { introspect } from './introspect.ts';
import { type Authorization, decline, issue } from './issue.ts';
import { jwks } from './jwks.ts';
import { oauth2Model } from './oauth2.settings.ts';
import { revoke } from './revoke.ts';
import { makeOAuth2, type OAuth2 } from './runtime.ts';
import { token } from './token.ts';
import { userinfo } from './userinfo.ts';

type Method = 'GET' | 'POST';
type Endpoint = (oauth2: OAuth2, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

/** For browsers: errors are pages. */
const pages: readonly [path: string, methods: Method[], endpoint: Endpoint][] = [
  ['/application/o/authorize/', ['GET', 'POST'], authorize],
  ['/application/o/:slug/end-session/', ['GET', 'POST'], endSession],
  ['/application/o/:slug/', ['GET'], providerRoot],
  ['/device', ['GET'], showDevicePage],
  ['/device', ['POST'], answerDevicePage],
];

/** For programs: errors are JSON in OAuth's own form, and pages of registered origins may read the answers. */
const programs: readonly [path: string, methods: Method[], endpoint: Endpoint][] = [
  ['/application/o/token/', ['POST'], token],
  ['/application/o/userinfo/', ['GET', 'POST'], userinfo],
  ['/application/o/introspect/', ['POST'], introspect],
  ['/application/o/revoke/', ['POST'], revoke],
  ['/application/o/device/', ['POST'], deviceAuthorization],
  ['/application/o/:slug/jwks/', ['GET'], jwks],
  ['/application/o/:slug/.well-known/openid-configuration', ['GET'], discovery],
  ['/.well-known/webfinger', ['GET'], webFinger],
];

/** What went through a flow that this protocol started. */
type Started = Authorization | DeviceAuthorization | EndSession;

export const oauth2 = defineProtocol({
  kind: 'oauth2',
  path: 'providers/oauth2',
  declaration: oauth2Model,
  mount(server, services) {
    const made = makeOAuth2(services);
    for (const [url, method, endpoint] of pages) {
      server.route({ method, url, handler: endpoint.bind(undefined, made) });
    }
    server.register(async (scope) => mountPrograms(scope, made));
  },
  async finish(services: ProtocolServices, { data, request }) {
    const started = data as unknown as Started;
    if ('endSession' in started) return finishEndSession(started);
    if ('device' in started) return finishDevice(services, started, request);
    return issue(services, started, request);
  },
  async cancel(services: ProtocolServices, { data, request }) {
    const started = data as unknown as Started;
    return 'asked' in started ? decline(services, started, request) : { type: 'redirect', to: '/' };
  },
  setupUrls,
  previewUser,
  apiUser,
});

function mountPrograms(scope: FastifyInstance, made: OAuth2): void {
  scope.setErrorHandler(async (error, request, reply) => {
    // A page may read why it was refused, also when its client is not known yet.
    await allowRegisteredOrigin(made, request, reply);
    return sendOAuthError(error, request, reply);
  });
  for (const [url, method, endpoint] of programs) {
    scope.route({ method, url, handler: endpoint.bind(undefined, made) });
  }
  for (const [url, methods] of programs) {
    scope.options(url, (request, reply) => preflight(made, request, reply));
    if (!methods.includes('GET')) scope.get(url, refuseMethod);
  }
}

/** Without this, `token` would be taken for the name of an application. */
async function refuseMethod(_: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  reply.header('allow', 'POST, OPTIONS');
  throw new OAuthError('invalid_request', 'this endpoint takes POST', { status: 405 });
}

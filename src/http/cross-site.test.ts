import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { after, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { clearCookie, readCookie, sessionCookie, setCookie } from './cookies.ts';
import { crossSiteRefusal } from './cross-site.ts';
import { makeHttpServer } from './server.ts';

const trustedProxies = new BlockList();
trustedProxies.addSubnet('127.0.0.0', 8);

function makeServer(): FastifyInstance {
  const server = makeHttpServer({ trustedProxies, renderErrorPage: () => '' });
  after(() => server.close());
  server.post('/guarded/', (request) => ({
    refusal: crossSiteRefusal(request, request.requestOrigin.origin) ?? null,
  }));
  server.get('/cookie/', (request) => ({ value: readCookie(request, sessionCookie) ?? null }));
  server.get('/cookie/set/', (request, reply) => {
    setCookie(request, reply, sessionCookie, 'abc', { maxAgeSeconds: 60 });
    return {};
  });
  server.get('/cookie/clear/', (request, reply) => {
    clearCookie(request, reply, sessionCookie);
    return {};
  });
  return server;
}

test('forms of other sites are refused', async () => {
  const server = makeServer();
  const refusal = async (headers: Record<string, string>): Promise<unknown> =>
    (await server.inject({ method: 'POST', url: '/guarded/', headers: { host: 'id.example', ...headers } })).json()
      .refusal;
  assert.equal(await refusal({}), null);
  assert.equal(await refusal({ origin: 'http://id.example' }), null);
  assert.equal(await refusal({ 'sec-fetch-site': 'same-origin', origin: 'http://id.example' }), null);
  for (const headers of [
    { origin: 'http://evil.example' },
    { origin: 'https://id.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: 'http://id.example' },
    { 'sec-fetch-site': 'same-origin, cross-site' },
  ]) {
    assert.notEqual(await refusal(headers), null, JSON.stringify(headers));
  }
});

test('cookies are bounded, whole-host, and a planted twin counts as none', async () => {
  const server = makeServer();
  const value = async (cookie: string): Promise<unknown> =>
    (await server.inject({ url: '/cookie/', headers: { cookie } })).json().value;
  assert.equal(await value('a=b; authentik_session=tok-1; c'), 'tok-1');
  assert.equal(await value('authentik_session=one; authentik_session=two'), null);
  assert.equal(await value('not_authentik_session=one'), null);
  assert.equal(await value('authentik_session='), null);
  assert.equal(await value('authentik_session="quoted"'), null);
  assert.equal(await value(`authentik_session=${'x'.repeat(5000)}`), null);
  assert.equal(await value(`${'a=b;'.repeat(300)}authentik_session=x`), null);
  const plain = await server.inject({ url: '/cookie/set/' });
  assert.equal(plain.headers['set-cookie'], 'authentik_session=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax');
  const secure = await server.inject({ url: '/cookie/clear/', headers: { 'x-forwarded-proto': 'https' } });
  assert.equal(secure.headers['set-cookie'], 'authentik_session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax');
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, BlockList, connect } from 'node:net';
import { after, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { Overloaded } from '../core/crypto/queue.ts';
import { forbidden, invalid } from '../core/fault.ts';
import { formParameters, onlyValue, queryParameters } from './parameters.ts';
import { makeHttpServer } from './server.ts';

const trustedProxies = new BlockList();
trustedProxies.addSubnet('127.0.0.0', 8);

function makeServer(bounds: { headersTimeout?: number; bodyLimit?: number } = {}): FastifyInstance {
  const server = makeHttpServer({
    trustedProxies,
    renderErrorPage: (page) => `<h1>${page.status} ${page.code}</h1><p>${page.requestId}</p>`,
    ...bounds,
  });
  after(() => server.close());
  server.get('/origin/', (request) => request.requestOrigin);
  server.get('/query/', (request) => onlyValue(queryParameters(request), 'name') ?? null);
  server.get('/things/:id/', (request) => request.params);
  server.post('/json/', (request) => ({ body: request.body }));
  server.post('/form/', (request) => Object.fromEntries(formParameters(request)));
  server.get('/fails/:how/', (request) => {
    const { how } = request.params as { how: string };
    if (how === 'forbidden') throw forbidden('Not yours.');
    if (how === 'invalid') throw invalid({ name: ['Too short.'] });
    if (how === 'overloaded') throw new Overloaded(2);
    throw new Error('the password of the database is hunter2');
  });
  return server;
}

/** Sends bytes and returns everything that comes back until the server closes. */
async function exchange(server: FastifyInstance, bytes: string): Promise<string> {
  if (!server.server.listening) await server.listen({ port: 0, host: '127.0.0.1' });
  const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

test('every answer carries the security headers, and HSTS only by https', async () => {
  const server = makeServer();
  for (const url of ['/origin/', '/nowhere/', '/fails/x/']) {
    const { headers } = await server.inject({ url });
    assert.match(String(headers['content-security-policy']), /default-src 'none'; frame-ancestors 'none'/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'same-origin');
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['strict-transport-security'], undefined);
  }
  const secure = await server.inject({ url: '/origin/', headers: { 'x-forwarded-proto': 'https' } });
  assert.equal(secure.headers['strict-transport-security'], 'max-age=31536000');
});

test('paths are exact', async () => {
  const server = makeServer();
  assert.equal((await server.inject({ url: '/origin/' })).statusCode, 200);
  for (const url of ['/origin', '/Origin/', '//origin/', '/origin//']) {
    assert.equal((await server.inject({ url })).statusCode, 404, url);
  }
});

test('a known path with another method is 405 and says which methods there are', async () => {
  const server = makeServer();
  const json = await server.inject({ method: 'DELETE', url: '/things/5/' });
  assert.equal(json.statusCode, 405);
  assert.equal(json.headers.allow, 'GET, HEAD');
  assert.equal(json.json().code, 'method_not_allowed');
  const post = await server.inject({ method: 'GET', url: '/form/?a=b' });
  assert.equal(post.statusCode, 405);
  assert.equal(post.headers.allow, 'POST');
});

test('people see a page, programs get JSON, both with the id in the log', async () => {
  const server = makeServer();
  const page = await server.inject({ url: '/nowhere/', headers: { accept: 'text/html,*/*' } });
  assert.equal(page.statusCode, 404);
  assert.match(page.body, /^<h1>404 not_found<\/h1><p>[0-9a-f]{32}<\/p>$/);
  const api = await server.inject({ url: '/api/v3/nowhere/', headers: { accept: 'text/html' } });
  assert.deepEqual(Object.keys(api.json()), ['detail', 'code', 'request_id']);
  const mine = await server.inject({ url: '/nowhere/', headers: { 'request-id': 'mine', 'x-request-id': 'mine' } });
  assert.match(mine.json().request_id, /^[0-9a-f]{32}$/);
});

test('a fault keeps its code and words; what nobody foresaw tells nothing', async () => {
  const server = makeServer();
  const denied = await server.inject({ url: '/fails/forbidden/' });
  assert.equal(denied.statusCode, 403);
  assert.equal(denied.json().detail, 'Not yours.');
  const input = await server.inject({ url: '/fails/invalid/' });
  assert.equal(input.statusCode, 400);
  assert.deepEqual(input.json().name, ['Too short.']);
  const busy = await server.inject({ url: '/fails/overloaded/' });
  assert.equal(busy.statusCode, 503);
  assert.equal(busy.headers['retry-after'], '2');
  const unforeseen = await server.inject({ url: '/fails/otherwise/' });
  assert.equal(unforeseen.statusCode, 500);
  assert.equal(unforeseen.json().code, 'internal_error');
  assert.doesNotMatch(unforeseen.body, /hunter2/);
});

test('an error page that cannot be drawn still answers, without the cause', async () => {
  const server = makeHttpServer({
    trustedProxies,
    renderErrorPage: () => Promise.reject(new Error('no template')),
  });
  after(() => server.close());
  const answer = await server.inject({ url: '/nowhere/', headers: { accept: 'text/html' } });
  assert.equal(answer.statusCode, 404);
  assert.match(answer.body, /^Not found\.\nRequest: [0-9a-f]{32}\n$/);
});

test('malformed addresses are refused', async () => {
  const server = makeServer();
  for (const url of [
    '/things/%/',
    '/things/%ff/',
    '/things/%00/',
    '/query/?name=%00',
    '/query/?name=%ff',
    '/query/?name=%',
  ]) {
    const answer = await server.inject({ url });
    assert.equal(answer.statusCode, 400, `${url} ${answer.body}`);
    assert.equal(answer.headers['x-content-type-options'], 'nosniff', url);
  }
  assert.match(
    await exchange(server, 'GET http://evil.example/origin/ HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n'),
    /^HTTP\/1\.1 400 /,
  );
});

test('characters that must be encoded are refused in an address', async () => {
  const server = makeServer();
  assert.match(
    await exchange(server, 'GET /things/\u00ff/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
    /^HTTP\/1\.1 400 /,
  );
});

test('a parameter that comes twice is seen, and never silently one of the two', async () => {
  const server = makeServer();
  assert.equal((await server.inject({ url: '/query/?name=a+b%26' })).body, 'a b&');
  const twice = await server.inject({ url: '/query/?name=a&name=b' });
  assert.equal(twice.statusCode, 400);
  assert.equal(twice.json().code, 'duplicate_parameter');
  const form = await server.inject({
    method: 'POST',
    url: '/form/',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: 'a=1&a=2&__proto__=x&empty',
  });
  assert.deepEqual(form.json(), JSON.parse('{"a":["1","2"],"__proto__":["x"],"empty":[""]}'));
});

test('ten thousand parameters are refused', async () => {
  const server = makeServer();
  const payload = Array.from({ length: 10_000 }, (_, index) => `p${index}=1`).join('&');
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await server.inject({ method: 'POST', url: '/form/', headers, payload });
  assert.equal(answer.statusCode, 400);
  assert.equal(answer.json().code, 'too_many_parameters');
});

test('bodies that are too large, of another type, charset or form are refused', async () => {
  const server = makeServer({ bodyLimit: 1000 });
  const refused = async (type: string, payload: string | Buffer): Promise<number> =>
    (await server.inject({ method: 'POST', url: '/json/', headers: { 'content-type': type }, payload })).statusCode;
  assert.equal(await refused('application/json', JSON.stringify('x'.repeat(1000))), 413);
  assert.equal(await refused('text/xml', '<a/>'), 415);
  assert.equal(await refused('multipart/form-data; boundary=x', '--x--'), 415);
  assert.equal(await refused('application/json; charset=utf-16', '{}'), 415);
  assert.equal(await refused('application/json', '{'), 400);
  assert.equal(await refused('application/json', ''), 200);
  assert.equal(await refused('application/x-www-form-urlencoded', ''), 200);
  assert.equal(await refused('application/json', Buffer.from([0x22, 0xff, 0x22])), 400);
  assert.equal(await refused('application/json', '{"__proto__":{"admin":true}}'), 400);
  assert.equal(await refused('application/json', '{"constructor":{"prototype":{}}}'), 400);
  assert.equal(await refused('application/json', '"\\u0000"'), 400);
  assert.equal(await refused('application/x-www-form-urlencoded', 'a=%zz'), 400);
  assert.equal(await refused('application/x-www-form-urlencoded', 'a=%00'), 400);
  assert.equal(await refused('application/x-www-form-urlencoded', 'a=\0'), 400);
  assert.equal(await refused('application/json; charset="UTF-8"', '"\\\\u0000 is text"'), 200);
});

test('slow and oversized headers, and what is no HTTP, end the connection', async () => {
  const server = makeServer({ headersTimeout: 150 });
  assert.match(await exchange(server, 'GET /origin/ HTTP/1.1\r\nHost: a\r\nX-Slow: '), /^HTTP\/1\.1 408 /);
  assert.match(
    await exchange(server, `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`),
    /^HTTP\/1\.1 431 /,
  );
  assert.match(await exchange(server, '\x16\x03\x01 hello\r\n\r\n'), /^HTTP\/1\.1 400 /);
  assert.match(await exchange(server, 'GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n'), /^HTTP\/1\.1 400 /);
});

test('the log holds the cause under the id that the caller sees', async () => {
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
  const server = makeHttpServer({ trustedProxies, renderErrorPage: () => '', logger });
  after(() => server.close());
  server.get('/fails/', () => {
    throw new Error('the disk is full');
  });
  const answer = await server.inject({ url: '/fails/' });
  const line = JSON.parse(lines.at(-1) ?? '{}');
  assert.equal(line.request_id, answer.json().request_id);
  assert.equal(line.err.message, 'the disk is full');
});

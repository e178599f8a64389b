import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { after, test } from 'node:test';
import { mountLateRoutes } from './late-routes.ts';
import { measureRequests } from './metrics.ts';
import { makeHttpServer } from './server.ts';

test('late routes: a room is loaded with its first request and answers like any other', async () => {
  const server = makeHttpServer({ trustedProxies: new BlockList(), renderErrorPage: () => '' });
  const metrics = measureRequests(server);
  let loads = 0;
  let closed = 0;
  server.get('/api/early/:slug/', ({ params }) => params);
  mountLateRoutes(server, '/api/', async (routes) => {
    loads += 1;
    routes.onClose(() => {
      closed += 1;
    });
    if (loads === 1) throw new Error('not yet');
    routes.add('GET', '/api/things/', async () => 'all');
    routes.add('GET', '/api/things/best/', async () => 'best');
    routes.add('GET', '/api/things/:key/', async ({ params }) => params);
    routes.add('DELETE', '/api/things/:key/', async () => 'gone');
    routes.add('POST', '/api/things/:key/set/:name/', async ({ params, body }) => [params, body]);
  });
  after(() => server.close());
  const ask = async (method: 'GET' | 'HEAD' | 'POST' | 'DELETE' | 'OPTIONS' | 'PUT', url: string, payload?: object) => {
    const { statusCode, body, headers } = await server.inject({ method, url, ...(payload && { payload }) });
    return { status: statusCode, body, allow: headers.allow };
  };

  // What is elsewhere does not load it, and a load that failed is tried again.
  assert.equal((await ask('GET', '/api/early/a/')).body, '{"slug":"a"}');
  assert.equal((await ask('GET', '/elsewhere/')).status, 404);
  assert.equal(loads, 0);
  assert.equal((await ask('GET', '/api/things/')).status, 500);
  const both = await Promise.all([ask('GET', '/api/things/'), ask('GET', '/api/things/best/?x=1')]);
  assert.deepEqual(
    both.map(({ body }) => body),
    ['all', 'best'],
  );
  assert.equal(loads, 2);

  // Names take what no text takes, decoded; a text that has no such method gives way to a name.
  assert.equal((await ask('GET', '/api/things/a%2Fb%20%C3%A9/')).body, '{"key":"a/b é"}');
  assert.equal((await ask('DELETE', '/api/things/best/')).body, 'gone');
  assert.equal((await ask('HEAD', '/api/things/best/')).status, 200);
  const set = await ask('POST', '/api/things/7/set/name/', { value: 1 });
  assert.equal(set.body, '[{"key":"7","name":"name"},{"value":1}]');

  // What is not there is 404, what is there under another method is 405 and says which.
  for (const path of ['/api/', '/api/things', '/api/things//', '/api/things/%FF/']) {
    assert.ok([400, 404].includes((await ask('GET', path)).status), path);
  }
  assert.equal((await ask('GET', `/api/things/${'x'.repeat(600)}/`)).status, 414);
  assert.equal((await ask('PUT', '/api/other/')).status, 404);
  assert.deepEqual(await ask('PUT', '/api/things/7/').then(({ status, allow }) => [status, allow]), [
    405,
    'GET, HEAD, DELETE',
  ]);
  assert.deepEqual(await ask('OPTIONS', '/api/things/7/').then(({ status, allow }) => [status, allow]), [
    405,
    'GET, HEAD, DELETE',
  ]);
  assert.equal((await ask('DELETE', '/api/early/a/')).status, 405);

  const text = await metrics.text();
  assert.match(text, /_count\{method="GET",route="\/api\/things\/:key\/",status="200"\} 1/);
  await server.close();
  assert.equal(closed, 2);
});

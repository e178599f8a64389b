import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, BlockList } from 'node:net';
import { after, test } from 'node:test';
import { mountHealth } from './health.ts';
import { measureRequests } from './metrics.ts';
import { makeHttpServer } from './server.ts';

const trustedProxies = new BlockList();

test('health answers by the check it was given', async () => {
  const server = makeHttpServer({ trustedProxies, renderErrorPage: () => '' });
  after(() => server.close());
  let healthy = true;
  mountHealth(server, () => (healthy ? Promise.resolve() : Promise.reject(new Error('no database'))));
  assert.equal((await server.inject({ url: '/-/health/live/' })).statusCode, 200);
  assert.equal((await server.inject({ url: '/-/health/ready/' })).statusCode, 200);
  healthy = false;
  assert.equal((await server.inject({ url: '/-/health/live/' })).statusCode, 200);
  assert.equal((await server.inject({ url: '/-/health/ready/' })).statusCode, 503);
});

test('metrics count by route pattern, on their own listener', async () => {
  const server = makeHttpServer({ trustedProxies, renderErrorPage: () => '' });
  const metrics = measureRequests(server, [{ name: 'ostiary_sessions', help: 'Live sessions.', read: () => 3 }]);
  server.get('/things/:id/', () => ({}));
  const listener = metrics.makeServer().listen(0, '127.0.0.1');
  after(async () => {
    listener.close();
    await server.close();
  });
  await once(listener, 'listening');
  await server.inject({ url: '/things/1/' });
  await server.inject({ url: '/things/2/' });
  await server.inject({ url: '/secret-path/' });
  const base = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  const text = await (await fetch(`${base}/metrics`)).text();
  assert.match(text, /_count\{method="GET",route="\/things\/:id\/",status="200"\} 2/);
  assert.match(text, /route="none",status="404"\} 1/);
  assert.match(text, /\nostiary_sessions 3\n/);
  assert.match(text, /\nprocess_resident_memory_bytes /);
  assert.doesNotMatch(text, /secret-path/);
  assert.equal((await fetch(`${base}/other`)).status, 404);
});

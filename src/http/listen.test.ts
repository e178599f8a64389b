import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { BlockList } from 'node:net';
import { after, test } from 'node:test';
import { listenOn, listenOnAddress } from './listen.ts';
import { makeHttpServer } from './server.ts';

test('one server answers on every address, and closes them all', async () => {
  const server = makeHttpServer({ trustedProxies: new BlockList(), renderErrorPage: () => '' });
  server.get('/', (request) => request.requestOrigin);
  const addresses = await listenOn(server, [
    { host: '::', port: 0 },
    { host: '127.0.0.1', port: 0 },
  ]);
  const urls = addresses.map(({ port }) => `http://127.0.0.1:${port}/`);
  assert.equal(new Set(urls).size, 2);
  for (const url of urls) {
    const answer = await fetch(url, { headers: { connection: 'close' } });
    assert.equal(`${((await answer.json()) as { origin: string }).origin}/`, url);
    assert.equal((await fetch(`${url}nowhere`, { headers: { connection: 'close' } })).status, 404);
  }
  await server.close();
  for (const url of urls) await assert.rejects(fetch(url));
});

test('an address that is taken is an error', async () => {
  const taken = createServer();
  after(() => taken.close());
  await listenOnAddress(taken, { host: '127.0.0.1', port: 0 });
  const { port } = taken.address() as { port: number };
  const server = makeHttpServer({ trustedProxies: new BlockList(), renderErrorPage: () => '' });
  await assert.rejects(listenOn(server, [{ host: '127.0.0.1', port }]), { code: 'EADDRINUSE' });
  await server.close();
  await assert.rejects(listenOnAddress(createServer(), { host: '127.0.0.1', port }), { code: 'EADDRINUSE' });
});

test('closing finishes what is in flight, and does not wait for connections that are kept alive', async () => {
  const server = makeHttpServer({ trustedProxies: new BlockList(), renderErrorPage: () => '' });
  const began = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  let inFlight = 0;
  server.get('/', async () => {
    inFlight += 1;
    if (inFlight === 2) began.resolve();
    await finish.promise;
    return { done: true };
  });
  const addresses = await listenOn(server, [
    { host: '127.0.0.1', port: 0 },
    { host: '127.0.0.1', port: 0 },
  ]);
  const answers = addresses.map(({ port }) => fetch(`http://127.0.0.1:${port}/`));
  await began.promise;
  const closed = server.close();
  finish.resolve();
  for (const answer of answers) assert.deepEqual(await (await answer).json(), { done: true });
  const started = performance.now();
  await closed;
  assert.ok(performance.now() - started < 4_000, 'the kept-alive connections were waited for');
});

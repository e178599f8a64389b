import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, BlockList, connect } from 'node:net';
import { after, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { countedAddress } from './addresses.ts';
import { makeHttpServer } from './server.ts';

const trustedProxies = new BlockList();
trustedProxies.addSubnet('127.0.0.0', 8);

function makeServer(): FastifyInstance {
  const server = makeHttpServer({ trustedProxies, renderErrorPage: () => '' });
  after(() => server.close());
  server.get('/origin/', (request) => request.requestOrigin);
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

test('hostile Host headers are refused', async () => {
  const server = makeServer();
  const hosts = [
    '',
    'a b',
    'a@b',
    'a/b',
    'a.example,b.example',
    'a..b',
    'a.example.',
    'a:0',
    'a:65536',
    'a:b',
    '[::1',
    '[x]',
    '%61.example',
    'a\\b',
    '0x7f.1',
    '1.2.3',
    'a.example:80@evil.example',
    'ä.example',
  ];
  for (const host of hosts) {
    const answer = await exchange(server, `GET /origin/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 400 /, host);
  }
  const twice = 'GET /origin/ HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\nConnection: close\r\n\r\n';
  assert.match(await exchange(server, twice), /^HTTP\/1\.1 400 /);
  assert.match(await exchange(server, 'GET /origin/ HTTP/1.1\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 400 /);
  assert.match(await exchange(server, 'GET /origin/ HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 400 /);
});

test('hosts are compared in one form', async () => {
  const server = makeServer();
  const origin = async (host: string, proto = 'http'): Promise<string> =>
    (await server.inject({ url: '/origin/', headers: { host, 'x-forwarded-proto': proto } })).json().origin;
  assert.equal(await origin('ID.Example.com:80'), 'http://id.example.com');
  assert.equal(await origin('id.example.com:443'), 'http://id.example.com:443');
  assert.equal(await origin('id.example.com:443', 'https'), 'https://id.example.com');
  assert.equal(await origin('localhost:9000'), 'http://localhost:9000');
  assert.equal(await origin('[0:0::1]:9000'), 'http://[::1]:9000');
  assert.equal(await origin('[::ffff:1.2.3.4]'), 'http://[::ffff:102:304]');
});

test('forwarded headers count from a trusted proxy only', async () => {
  const server = makeServer();
  const headers = {
    host: 'inside:9000',
    'x-forwarded-for': '1.1.1.1, 203.0.113.9, 127.0.0.2',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'id.example.com',
  };
  const trusted = (await server.inject({ url: '/origin/', headers })).json();
  assert.equal(trusted.clientAddress, '203.0.113.9', 'the nearest address that is no proxy of ours');
  assert.equal(trusted.origin, 'https://id.example.com');
  const forged = (await server.inject({ url: '/origin/', headers, remoteAddress: '198.51.100.7' })).json();
  assert.equal(forged.clientAddress, '198.51.100.7');
  assert.equal(forged.origin, 'http://inside:9000');
  const garbage = { host: 'inside', 'x-forwarded-for': 'garbage', 'x-forwarded-host': 'a b', 'x-forwarded-proto': '?' };
  assert.equal(
    (await server.inject({ url: '/origin/', headers: garbage, remoteAddress: '198.51.100.7' })).statusCode,
    200,
  );
});

test('forwarded headers that cannot be read are a denial', async () => {
  const server = makeServer();
  const cases: [string, string][] = [
    ['x-forwarded-for', ''],
    ['x-forwarded-for', 'unknown'],
    ['x-forwarded-for', '1.2.3.4, nonsense'],
    ['x-forwarded-for', '1.2.3.4.5'],
    ['x-forwarded-for', 'fe80::1%eth0'],
    ['x-forwarded-for', Array.from({ length: 33 }, () => '1.2.3.4').join(',')],
    ['x-forwarded-proto', 'gopher'],
    ['x-forwarded-proto', 'https, http'],
    ['x-forwarded-host', 'a.example, b.example'],
    ['x-forwarded-host', 'a@b'],
  ];
  for (const [name, value] of cases) {
    assert.equal(
      (await server.inject({ url: '/origin/', headers: { [name]: value } })).statusCode,
      400,
      `${name}: ${value}`,
    );
  }
  const client = async (value: string): Promise<string> =>
    (await server.inject({ url: '/origin/', headers: { 'x-forwarded-for': value } })).json().clientAddress;
  assert.equal(await client('[2001:DB8:0::1]:4711'), '2001:db8::1');
  assert.equal(await client('203.0.113.9:4711'), '203.0.113.9');
  assert.equal(await client('::ffff:203.0.113.9'), '203.0.113.9');
  assert.equal(await client('127.0.0.3, 127.0.0.2'), '127.0.0.3');
});

test('all addresses of one /64 are counted as one, IPv4 addresses each for itself', () => {
  const same = ['2001:db8:1:2::1', '2001:db8:1:2:ffff::', '2001:db8:1:2:3:4:5:6'].map(countedAddress);
  assert.deepEqual([...new Set(same)], ['2001:db8:1:2::/64']);
  assert.equal(countedAddress('2001:db8::1'), '2001:db8:0:0::/64');
  assert.equal(countedAddress('::1'), '0:0:0:0::/64');
  assert.equal(countedAddress('fe80::1'), 'fe80:0:0:0::/64');
  assert.equal(countedAddress('203.0.113.5'), '203.0.113.5');
});

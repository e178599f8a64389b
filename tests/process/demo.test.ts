import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Visitor } from '../environment/visitor.ts';
import { emptyFolder, type Running, startScript } from './program.ts';

const DEMO = join(import.meta.dirname, '..', '..', 'tools', 'demo.ts');

type Demo = { running: Running; page: string; api: string; ostiary: string; administrator: string };

async function startDemo(folder: string): Promise<Demo> {
  const running = startScript([DEMO, '--ports', 'auto', '--data', folder], {});
  await running.says(/Everything runs\. Ctrl-C stops it\./);
  const told = (pattern: RegExp): string => pattern.exec(running.output())?.[1] ?? '';
  return {
    running,
    page: told(/Todo page +(\S+)/),
    api: told(/Todo API +(\S+)/),
    ostiary: told(/Ostiary +(\S+)/),
    administrator: told(/akadmin +password (\S+)/),
  };
}

/** The todo page's part of the sign-in: code with PKCE (RFC 7636), no secret, from its own origin. */
async function accessToken(demo: Demo, username: string): Promise<string> {
  const settings = (await (await fetch(`${demo.page}/config.json`)).json()) as { issuer: string; clientId: string };
  const discovery = await (await fetch(`${settings.issuer}.well-known/openid-configuration`)).json();
  const endpoints = discovery as { authorization_endpoint: string; token_endpoint: string };
  const verifier = randomBytes(32).toString('base64url');
  const redirectUri = `${demo.page}/callback`;
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: settings.clientId,
    redirect_uri: redirectUri,
    scope: 'openid profile email',
    state: 'the state of the page',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const browser = new Visitor(demo.ostiary);
  await browser.open(`${endpoints.authorization_endpoint}?${query}`);
  await browser.submit({ uid_field: username });
  const { location = '' } = await browser.submit({ password: `demo-${username}-not-secret` });
  assert.ok(location.startsWith(`${redirectUri}?`), `${browser.last?.url}: ${browser.words()}`);
  const code = new URL(location).searchParams.get('code') ?? '';
  const answer = await fetch(endpoints.token_endpoint, {
    method: 'POST',
    headers: { origin: demo.page },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: settings.clientId,
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    }),
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  return ((await answer.json()) as { access_token: string }).access_token;
}

async function todos(demo: Demo, token: string): Promise<string[]> {
  const answer = await fetch(demo.api, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(answer.status, 200, await answer.clone().text());
  return ((await answer.json()) as { title: string }[]).map((todo) => todo.title);
}

describe('npm run demo', () => {
  const { folder, remove } = emptyFolder();
  after(remove);

  test('shows the todo application, and has it again after a stop', { timeout: 120_000 }, async () => {
    const first = await startDemo(folder);
    assert.equal((await fetch(first.page)).status, 200);
    assert.equal((await fetch(first.api)).status, 401);
    const ann = await accessToken(first, 'ann');
    const made = await fetch(first.api, {
      method: 'POST',
      headers: { authorization: `Bearer ${ann}`, 'content-type': 'application/json' },
      body: JSON.stringify({ title: 'Show it to somebody' }),
    });
    assert.equal(made.status, 201);
    assert.deepEqual(await todos(first, ann), ['Show it to somebody']);
    assert.deepEqual(await todos(first, await accessToken(first, 'ben')), []);

    first.running.child.kill('SIGINT');
    assert.equal((await first.running.ended).code, 0, first.running.errors());
    for (const url of [first.page, first.api, first.ostiary]) await assert.rejects(fetch(url), url);

    const second = await startDemo(folder);
    assert.equal(second.administrator, first.administrator);
    assert.deepEqual(await todos(second, await accessToken(second, 'ann')), ['Show it to somebody']);
    second.running.child.kill('SIGTERM');
    assert.equal((await second.running.ended).code, 0, second.running.errors());
  });

  test('says which port is taken, and how to choose another', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    try {
      const words = ['--port', String(port), '--api-port', '70000', '--web-port', '0', '--data', join(folder, 'other')];
      const { code, errors, output } = await startScript([DEMO, ...words], {}).ended;
      assert.equal(code, 1);
      assert.equal(output, '');
      assert.match(errors, new RegExp(`^Port ${port} is in use by another program\\..* -- --port ${port + 1}$`, 'm'));
      assert.match(errors, /^--api-port wants a port from 0 to 65535, and "70000" is none\.$/m);
    } finally {
      other.close();
    }
  });
});

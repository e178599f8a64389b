import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ConfigError, readTodoApiConfig } from './config.ts';
import { call, startApiFor } from './test-caller.ts';
import { TestIssuer } from './test-issuer.ts';
import type { Todo } from './todo-store.ts';

describe('The todo API', () => {
  let issuer: TestIssuer;
  let folder: string;
  before(async () => {
    issuer = await TestIssuer.start();
    folder = mkdtempSync(join(tmpdir(), 'todo-api-'));
  });
  after(async () => {
    await issuer.close();
    rmSync(folder, { recursive: true });
  });

  test('keeps the todos over a restart', async () => {
    const databaseUrl = join(folder, 'made/on/the/way.sqlite');
    const token = await issuer.token('ann');
    const first = await startApiFor(issuer, { databaseUrl });
    await call(first, 'POST', '/todos/', { token, body: { title: 'Still here' } });
    await first.close();
    const second = await startApiFor(issuer, { databaseUrl });
    const todos = (await call(second, 'GET', '/todos/', { token })).body as Todo[];
    assert.deepEqual(
      todos.map((todo) => todo.title),
      ['Still here'],
    );
    await second.close();
  });

  test('says that it is well, without a token', async () => {
    const api = await startApiFor(issuer);
    const answer = await call(api, 'GET', '/health');
    assert.deepEqual([answer.status, answer.body], [200, { status: 'ok' }]);
    await api.close();
  });

  test('lets only the pages of listed origins call from a browser', async () => {
    const api = await startApiFor(issuer);
    const preflight = await call(api, 'OPTIONS', '/todos/', {
      headers: { origin: 'http://localhost:3000', 'access-control-request-method': 'PUT' },
    });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get('access-control-allow-origin'), 'http://localhost:3000');
    assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /Authorization/);

    const refused = await call(api, 'GET', '/todos/', {
      token: 'rubbish',
      headers: { origin: 'http://localhost:3000' },
    });
    assert.equal(refused.headers.get('access-control-allow-origin'), 'http://localhost:3000');
    assert.equal(refused.headers.get('access-control-expose-headers'), 'WWW-Authenticate');

    for (const origin of ['http://localhost:3001', 'http://localhost:3000.evil.example', 'null']) {
      const answer = await call(api, 'OPTIONS', '/todos/', { headers: { origin } });
      assert.equal(answer.headers.get('access-control-allow-origin'), null, origin);
    }
    await api.close();
  });

  test('refuses a port that is taken, and leaves nothing open', async () => {
    const api = await startApiFor(issuer);
    const port = Number(new URL(api.url).port);
    await assert.rejects(startApiFor(issuer, { port }), { code: 'EADDRINUSE' });
    await api.close();
  });
});

describe('The configuration', () => {
  test('needs only the client id', () => {
    const config = readTodoApiConfig({ OIDC_AUDIENCE: 'client' });
    assert.equal(config.issuer, 'http://localhost:9000/application/o/todo-app/');
    assert.equal(config.jwksUri, 'http://localhost:9000/application/o/todo-app/jwks/');
    assert.deepEqual([config.port, config.allowedOrigins], [8000, ['http://localhost:3000']]);
  });

  test('tells every fault at once', () => {
    const read = (): unknown =>
      readTodoApiConfig({
        OIDC_ISSUER: 'ftp://x',
        PORT: 'x',
        TODO_ALLOWED_ORIGINS: 'http://a/b',
        TODO_DATABASE_URL: 'mysql://x',
      });
    assert.throws(read, (fault) => fault instanceof ConfigError && fault.faults.length === 5);
  });
});

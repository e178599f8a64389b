import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ConfigError, readTodoWebConfig } from './config.ts';
import { startTodoWeb } from './serve.ts';
import type { RunningTodoWeb } from './serve.ts';

const config = { ...readTodoWebConfig({ OIDC_CLIENT_ID: 'todo' }), port: 0 };

/** Sends the path exactly as written; fetch would tidy it up first. */
function statusOf(web: RunningTodoWeb, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: new URL(web.url).port, path }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.once('error', reject).end();
  });
}

describe('The server of the todo page', () => {
  let folder: string;
  let web: RunningTodoWeb;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'todo-web-'));
    mkdirSync(join(folder, 'dist/assets'), { recursive: true });
    writeFileSync(join(folder, 'secret.txt'), 'not for the web');
    writeFileSync(join(folder, 'dist/index.html'), '<!doctype html><title>Todos</title>');
    writeFileSync(join(folder, 'dist/assets/index-abc.js'), 'export {};');
    web = await startTodoWeb(config, join(folder, 'dist'));
  });
  after(async () => {
    await web.close();
    rmSync(folder, { recursive: true });
  });

  test('gives the page at the root and at every screen', async () => {
    for (const path of ['/', '/callback?code=a&state=b', '/some/where']) {
      const answer = await fetch(new URL(path, web.url));
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8');
      assert.match(await answer.text(), /<title>Todos/);
    }
  });

  test('gives built files with their type, to be kept for ever', async () => {
    const answer = await fetch(new URL('/assets/index-abc.js', web.url));
    assert.equal(answer.headers.get('content-type'), 'text/javascript; charset=utf-8');
    assert.match(answer.headers.get('cache-control') ?? '', /immutable/);
    const head = await fetch(new URL('/assets/index-abc.js', web.url), { method: 'HEAD' });
    assert.deepEqual([head.headers.get('content-length'), await head.text()], ['10', '']);
  });

  test('gives nothing else', async () => {
    const elsewhere = ['/assets/missing.js', '/assets/', '/secret.txt', '/../secret.txt', '/assets/../../secret.txt'];
    const odd = ['/%2e%2e/secret.txt', '/..%2fsecret.txt', '//etc/passwd.', '/%00', '/index.html/..%5c', '/__proto__'];
    for (const path of [...elsewhere, ...odd]) assert.equal(await statusOf(web, path), 404, path);
    assert.equal((await fetch(web.url, { method: 'POST' })).status, 405);
  });

  test('gives the settings of the place where it runs, and no more', async () => {
    const answer = await fetch(new URL('/config.json', web.url));
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.deepEqual(await answer.json(), {
      issuer: 'http://localhost:9000/application/o/todo-app/',
      clientId: 'todo',
      apiUrl: 'http://localhost:8000',
      offlineAccess: false,
    });
  });

  test('lets the page talk only to the API and to the provider', async () => {
    const policy = (await fetch(web.url)).headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /connect-src 'self' http:\/\/localhost:8000 http:\/\/localhost:9000;/);
    assert.doesNotMatch(policy, /unsafe/);
  });

  test('says what to do when the page is not built', async () => {
    await assert.rejects(startTodoWeb(config, folder), /npm run build/);
  });
});

describe('The configuration of the todo page', () => {
  test('tells every fault at once', () => {
    const read = (): unknown => readTodoWebConfig({ OIDC_ISSUER: 'x', OIDC_OFFLINE_ACCESS: 'maybe', PORT: '-1' });
    assert.throws(read, (fault) => fault instanceof ConfigError && fault.faults.length === 4);
  });
});

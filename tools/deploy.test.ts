import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '..');
const DEPLOY = join(ROOT, 'deploy');

/** Runs the health check against a server that answers with the status; 0 stands for no server at all. */
async function healthCheck(status: number): Promise<{ code: number; words: string; asked: string[] }> {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  if (status === 0) server.close();
  const env = { ...process.env, OSTIARY_LISTEN__HTTP: `[::]:${port},127.0.0.1:1` };
  const result = await new Promise<{ code: number; words: string }>((resolve) => {
    const check = execFile(process.execPath, [join(DEPLOY, 'healthcheck.mjs')], { env }, (_, _out, words) => {
      resolve({ code: check.exitCode ?? -1, words });
    });
  });
  server.close();
  return { ...result, asked };
}

describe('the health check of the image', () => {
  test('passes when the server is ready', async () => {
    const { code, asked } = await healthCheck(204);
    assert.equal(code, 0);
    assert.deepEqual(asked, ['/-/health/ready/']);
  });

  test('fails and says why when it is not', async () => {
    const { code, words } = await healthCheck(503);
    assert.equal(code, 1);
    assert.match(words, /answers 503/);
  });

  test('fails and says why when nothing listens', async () => {
    const { code, words } = await healthCheck(0);
    assert.equal(code, 1);
    assert.match(words, /ECONNREFUSED/);
  });
});

describe('the compose files', () => {
  const read = (name: string): string => readFileSync(join(DEPLOY, name), 'utf8');

  /** The variables without which `docker compose` stops. */
  const required = (text: string): string[] =>
    [...text.matchAll(/(?<!\$)\$\{(\w+):?\?/g)].map((found) => found[1] ?? '');

  test('the embedded one is a single container with a single volume and needs no settings', () => {
    const compose = parse(read('compose.yml'));
    assert.deepEqual(Object.keys(compose.services), ['server']);
    assert.deepEqual(Object.keys(compose.volumes), ['data']);
    assert.deepEqual(required(read('compose.yml')), []);
    assert.deepEqual(compose.services.server.env_file, [{ path: '.env', required: false }]);
  });

  test("the one with PostgreSQL needs what authentik's .env has, and no more", () => {
    assert.deepEqual([...new Set(required(read('compose.postgres.yml')))], ['PG_PASS']);
  });

  test('both build from a Dockerfile that is there, and lock the server down', () => {
    for (const name of ['compose.yml', 'compose.postgres.yml']) {
      const { server } = parse(read(name)).services;
      assert.ok(existsSync(join(DEPLOY, server.build.context, server.build.dockerfile)));
      assert.equal(server.read_only, true);
      assert.deepEqual(server.cap_drop, ['ALL']);
    }
  });
});

test('what is collected for a release runs without the sources and the other packages', () => {
  const work = mkdtempSync(join(tmpdir(), 'ostiary-release-'));
  try {
    const program = "const { hash } = await import('@node-rs/argon2');\nconsole.log(typeof hash, process.argv[2]);\n";
    spawnSync('cp', [
      '-R',
      ...['bin', 'tools', 'deploy', 'package.json', 'LICENSE'].map((path) => join(ROOT, path)),
      work,
    ]);
    mkdirSync(join(work, 'dist'));
    writeFileSync(join(work, 'dist', 'main.js'), program);
    spawnSync('ln', ['-s', join(ROOT, 'node_modules'), join(work, 'node_modules')]);
    const release = join(work, 'release');
    const collected = spawnSync(join(work, 'deploy', 'collect.sh'), [release], { encoding: 'utf8' });
    assert.equal(collected.status, 0, collected.stderr);
    assert.ok(!existsSync(join(release, 'src')));
    const ran = spawnSync(join(release, 'bin', 'ostiary'), ['version'], { encoding: 'utf8', cwd: tmpdir() });
    assert.equal(ran.stdout, 'function version\n', ran.stderr);
  } finally {
    rmSync(work, { recursive: true });
  }
});

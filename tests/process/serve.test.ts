import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { emptyFolder, ostiary, type Server, startServer } from './program.ts';

/** What the tutorial's own environment file holds beside the settings of the server. */
const TUTORIAL = {
  PG_PASS: 'pg-password-of-the-tutorial',
  PG_USER: 'authentik',
  PG_DB: 'authentik',
  COMPOSE_PORT_HTTP: '9000',
  AUTHENTIK_SERVER_URL: 'http://localhost:9000',
  AUTHENTIK_CLIENT_ID: 'abc',
  AUTHENTIK_ERROR_REPORTING__ENABLED: 'true',
  AUTHENTIK_SECRET_KEY: 'a secret key of the tutorial, long enough to be one',
};

describe('a server', () => {
  const { folder, remove } = emptyFolder();
  const environment = { OSTIARY_DATA_DIR: folder, ...TUTORIAL };
  let server: Server;
  before(async () => {
    server = await startServer(environment);
  });
  after(async () => {
    await server.stop();
    remove();
  });

  test('starts with the environment of the tutorial, and names once what it ignores', () => {
    const lines = server
      .output()
      .split('\n')
      .filter((line) => line.includes('AUTHENTIK_SERVER_URL'));
    assert.equal(lines.length, 1);
    const { level, msg } = JSON.parse(lines[0] ?? '') as { level: string; msg: string };
    assert.equal(level, 'warn');
    assert.match(msg, /AUTHENTIK_CLIENT_ID, AUTHENTIK_ERROR_REPORTING__ENABLED, AUTHENTIK_SERVER_URL/);
  });

  test('writes one JSON object a line', () => {
    for (const line of server.output().trim().split('\n')) {
      const { time, level } = JSON.parse(line) as { time: string; level: string };
      assert.ok(time !== '' && level !== '', line);
    }
  });

  test('says that it is well', async () => {
    for (const state of ['live', 'ready']) {
      const answer = await fetch(`${server.url}/-/health/${state}/`);
      assert.equal(answer.status, 200, state);
      await answer.text();
    }
  });

  test('counts requests on a port of their own', async () => {
    await (await fetch(`${server.url}/-/health/live/`)).text();
    const answer = await fetch(server.metricsUrl);
    assert.equal(answer.status, 200);
    const text = await answer.text();
    assert.match(
      text,
      /^ostiary_http_request_duration_seconds_count\{method="GET",route="\/-\/health\/live\/",status="200"\} \d+$/m,
    );
    assert.match(text, /^process_resident_memory_bytes \d/m);
    assert.equal((await fetch(`${server.url}/metrics`)).status, 404);
  });

  test('gives the link for set-up to whoever started it, not to the log', async () => {
    const [, link = ''] = /(http:\/\/\S+\/if\/flow\/initial-setup\/\?token=\S+)/.exec(server.errors()) ?? [];
    const page = await fetch(link);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /administrator/);
    const [, token = ''] = link.split('token=');
    assert.ok(token.length > 30);
    assert.ok(!server.output().includes(token));
  });

  test('is the only one on its data', async () => {
    const { code, errors } = await ostiary(['serve'], {
      environment: { ...environment, OSTIARY_LISTEN__HTTP: '127.0.0.1:0', OSTIARY_LISTEN__METRICS: 'off' },
    });
    assert.equal(code, 1);
    assert.match(errors, /^Another Ostiary is running on this data folder\. /m);
    assert.doesNotMatch(errors, / at .*\.ts:/);
    assert.equal((await fetch(`${server.url}/-/health/ready/`)).status, 200);
  });
});

describe('starting', () => {
  test('makes a secret key that only its owner may read, and keeps it', async () => {
    const { folder, remove } = emptyFolder();
    try {
      const key = (): string => readFileSync(join(folder, 'secret-key'), 'utf8');
      const first = await startServer({ OSTIARY_DATA_DIR: folder });
      const made = key();
      assert.equal(statSync(join(folder, 'secret-key')).mode & 0o777, 0o600);
      assert.ok(made.trim().length >= 64);
      assert.equal((await first.stop()).code, 0);
      const second = await startServer({ OSTIARY_DATA_DIR: folder });
      assert.equal(key(), made);
      assert.equal((await second.stop()).code, 0);
      assert.ok(!`${first.output()}${second.output()}`.includes(made.trim()));
    } finally {
      remove();
    }
  });

  test('with another secret key is refused', async () => {
    const { folder, remove } = emptyFolder();
    try {
      const server = await startServer({ OSTIARY_DATA_DIR: folder, OSTIARY_SECRET_KEY: 'first '.repeat(8) });
      await server.stop();
      const environment = { OSTIARY_DATA_DIR: folder, OSTIARY_SECRET_KEY: 'other '.repeat(8) };
      const { code, errors } = await ostiary(['serve'], { environment });
      assert.equal(code, 1);
      assert.match(errors, /^The secret key is not the one that this database was made with\./m);
    } finally {
      remove();
    }
  });

  test('on a port that is taken says so', async () => {
    const { folder, remove } = emptyFolder();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const taken = (other.address() as { port: number }).port;
    try {
      for (const name of ['HTTP', 'METRICS']) {
        const addresses = { OSTIARY_LISTEN__HTTP: '127.0.0.1:0', OSTIARY_LISTEN__METRICS: '127.0.0.1:0' };
        const environment = {
          OSTIARY_DATA_DIR: folder,
          ...addresses,
          [`OSTIARY_LISTEN__${name}`]: `127.0.0.1:${taken}`,
        };
        const { code, errors } = await ostiary(['serve'], { environment });
        assert.equal(code, 1);
        assert.match(errors, new RegExp(`^Port ${taken} of 127.0.0.1 is in use by another program`, 'm'));
        assert.doesNotMatch(errors, / at .*\.ts:/);
      }
    } finally {
      other.close();
      remove();
    }
  });
});

describe('stopping', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`by ${signal} finishes the request in flight and exits with 0`, async () => {
      const { folder, remove } = emptyFolder();
      try {
        const server = await startServer({ OSTIARY_DATA_DIR: folder });
        const body = 'uid_field=somebody';
        const call = request(`${server.url}/if/flow/default-authentication-flow/`, {
          method: 'POST',
          headers: {
            'content-type': 'application/x-www-form-urlencoded',
            'content-length': body.length,
            expect: '100-continue',
          },
        });
        const answered = once(call, 'response') as Promise<[IncomingMessage]>;
        // The server has the head of the request now, and waits for the body.
        call.flushHeaders();
        await once(call, 'continue');
        server.child.kill(signal);
        await server.says(/"msg":"stopping"/);
        call.end(body);
        const [answer] = await answered;
        assert.ok((answer.statusCode ?? 500) < 500, String(answer.statusCode));
        // A browser would keep the connection, and the stop would wait for it.
        assert.equal(answer.headers.connection, 'close');
        answer.resume();
        const { code, output } = await server.ended;
        assert.equal(code, 0);
        assert.match(output, /"msg":"stopped"\}\n$/);
        await assert.rejects(fetch(server.url));
      } finally {
        remove();
      }
    });
  }

  test('twice does not wait', async () => {
    const { folder, remove } = emptyFolder();
    try {
      const server = await startServer({ OSTIARY_DATA_DIR: folder });
      const call = request(`${server.url}/if/flow/default-authentication-flow/`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': 5, expect: '100-continue' },
      });
      const broken = once(call, 'error');
      call.flushHeaders();
      await once(call, 'continue');
      server.child.kill('SIGTERM');
      await server.says(/"msg":"stopping"/);
      // What comes at once is taken for an echo of the first, so it is sent until it counts.
      const again = setInterval(() => server.child.kill('SIGTERM'), 100);
      const { code } = await server.ended;
      clearInterval(again);
      assert.equal(code, 128 + 15);
      await broken;
    } finally {
      remove();
    }
  });
});

test('an error that nobody caught is logged, and ends the process with 1', async () => {
  const { folder, remove } = emptyFolder();
  // Throws where no code of the program is on the stack.
  const faulty = `process.on('SIGUSR2', () => { throw new Error('a fault that nobody foresaw'); });`;
  try {
    const node = ['--import', `data:text/javascript,${encodeURIComponent(faulty)}`];
    const server = await startServer({ OSTIARY_DATA_DIR: folder }, node);
    server.child.kill('SIGUSR2');
    const { code, output } = await server.ended;
    assert.equal(code, 1);
    const last = JSON.parse(output.trim().split('\n').at(-1) ?? '') as { level: string; err: { message: string } };
    assert.equal(last.level, 'fatal');
    assert.equal(last.err.message, 'a fault that nobody foresaw');
  } finally {
    remove();
  }
});

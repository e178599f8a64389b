import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeLog, withoutSecrets } from './log.ts';

type Line = Record<string, unknown> & { msg: string };

function logInto(): { log: ReturnType<typeof makeLog>; text: () => string; last: () => Line } {
  const lines: string[] = [];
  const log = makeLog('info', { write: (line) => void lines.push(line) });
  return { log, text: () => lines.join(''), last: () => JSON.parse(lines.at(-1) ?? '{}') as Line };
}

test('a line tells when, how grave, and what', () => {
  const { log, last } = logInto();
  log.warn({ request_id: 'abc', code: 'not_found' }, 'nothing is there');
  const { level, time, request_id, code, msg } = last();
  assert.deepEqual(
    { level, request_id, code, msg },
    { level: 'warn', request_id: 'abc', code: 'not_found', msg: 'nothing is there' },
  );
  assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 60_000);
});

test('fields with the names of secrets are never written, also one level down', () => {
  const { log, text } = logInto();
  const secret = 'do-not-write-this';
  for (const name of [
    'password',
    'token',
    'key',
    'secret',
    'client_secret',
    'cookie',
    'authorization',
    'refresh_token',
  ]) {
    log.info({ [name]: secret, user: { [name]: secret } }, 'somebody was careless');
  }
  assert.ok(!text().includes(secret));
});

test('of an error its words are kept, and nothing that a driver hangs on it', () => {
  const { log, last, text } = logInto();
  const cause = Object.assign(new Error('duplicate key'), {
    code: '23505',
    detail: 'Key (email)=(ann@example.org) exists',
  });
  log.error({ err: new Error('the row was refused', { cause }) }, 'failed');
  const { err } = last() as unknown as {
    err: { message: string; stack: string; cause: { message: string; code: string } };
  };
  assert.equal(err.message, 'the row was refused');
  assert.match(err.stack, /log\.test\.ts/);
  assert.equal(err.cause.message, 'duplicate key');
  assert.equal(err.cause.code, '23505');
  assert.ok(!text().includes('ann@example.org'));
});

test('of a request its path is kept, without the query', () => {
  const { log, last } = logInto();
  log.info({ req: { method: 'GET', url: '/callback?code=abc&state=def' } }, 'asked');
  assert.deepEqual(last().req, { method: 'GET', path: '/callback' });
});

test('secrets in running text are taken out, and what stands around them stays', () => {
  const cases: [string, string][] = [
    ['connect postgres://ann:hunter2@db:5432/x failed', 'connect postgres://ann:…@db:5432/x failed'],
    ['sent Bearer abcdefghijklmnop to it', 'sent Bearer … to it'],
    ['at /callback?code=abc123&state=xyz then', 'at /callback?code=…&state=… then'],
    ['/application/o/token/?client_secret=s3cret', '/application/o/token/?client_secret=…'],
    ['cookie authentik_session=abc-DEF_123; other=1', 'cookie authentik_session=…; other=1'],
    ['http://localhost/recovery/use-token/abcDEF123/', 'http://localhost/recovery/use-token/…/'],
    ['token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl is bad', 'token … is bad'],
    ['Ostiary is ready on http://localhost:9000', 'Ostiary is ready on http://localhost:9000'],
  ];
  for (const [text, kept] of cases) assert.equal(withoutSecrets(text), kept);
});

test('a line stays JSON whatever is taken out of it', () => {
  const { log, last } = logInto();
  log.warn('asked for "/x?token=abc\\"def" and "postgres://a:b\\"c@d"');
  assert.equal(last().level, 'warn');
});

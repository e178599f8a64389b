import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { configHelp, configMarkdown } from './config/describe.ts';
import { type Config, ConfigFaults, loadConfig } from './config.ts';

const key = 'k'.repeat(40);
const files: Record<string, string> = { '/run/key': `${key}\n`, '/run/empty': '\n' };

function load(environment: Record<string, string>): { config: Config; notices: readonly string[] } {
  return loadConfig(environment, {
    directory: '/srv',
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error('gone'), { code: 'ENOENT' });
      return text;
    },
  });
}

function faultsOf(environment: Record<string, string>): ConfigFaults {
  try {
    load(environment);
  } catch (error) {
    assert.ok(error instanceof ConfigFaults, String(error));
    return error;
  }
  assert.fail('the configuration was accepted');
}

test('nothing needs to be given', () => {
  const { config, notices } = load({ PATH: '/bin', PG_PASS: 'x', COMPOSE_PORT_HTTP: '9000' });
  assert.deepEqual(config.database, { kind: 'sqlite', file: '/srv/data/ostiary.db' });
  assert.deepEqual(config.listenHttp, [{ host: '::', port: 9000 }]);
  assert.deepEqual(config.listenMetrics, [{ host: '::', port: 9300 }]);
  assert.equal(config.blueprintsDirectory, '/srv/data/blueprints');
  assert.equal(config.secretKey, undefined);
  assert.equal(config.logLevel, 'info');
  assert.ok(config.trustedProxies.check('127.0.0.1'));
  assert.ok(!config.trustedProxies.check('10.0.0.1'));
  assert.deepEqual(notices, []);
});

test('an empty value counts as not given', () => {
  const { config } = load({
    OSTIARY_DATABASE_URL: '',
    OSTIARY_SECRET_KEY: '',
    OSTIARY_SECRET_KEY_FILE: '',
    OSTIARY_LOG_LEVEL: '',
  });
  assert.equal(config.database.kind, 'sqlite');
  assert.equal(config.logLevel, 'info');
});

test('all faults are told at once, each with its remedy', () => {
  const { faults, message } = faultsOf({
    OSTIARY_LISTEN_HTTP: '1',
    OSTIARY_BASE_URL: 'https://id.example.com/sub',
    OSTIARY_SECRET_KEY: 'too short a secret',
    OSTIARY_LISTEN__TRUSTED_PROXY_CIDRS: '10.0.0.0/33',
    OSTIARY_LISTEN__METRICS: 'nowhere',
    OSTIARY_LOG_LEVEL: 'loud',
    OSTIARY_BOOTSTRAP_EMAIL: 'nobody',
  });
  assert.equal(faults.length, 7);
  for (const fault of faults) assert.ok(fault.remedy.length > 5 && message.includes(fault.remedy), fault.name);
  assert.match(message, /OSTIARY_LISTEN_HTTP is not a setting\. Did you mean OSTIARY_LISTEN__HTTP\?/);
  assert.doesNotMatch(message, /too short a secret/);
});

test('no message shows a secret or the value of an unknown name', () => {
  const { message } = faultsOf({
    OSTIARY_SECRETKEY: 'hidden-one',
    OSTIARY_DATABASE_URL: 'mysql://root:hidden-two@db/x',
    OSTIARY_BASE_URL: 'https://ann:hidden-three@id.example.com',
    OSTIARY_BOOTSTRAP_TOKEN: 'hidden four',
  });
  assert.doesNotMatch(message, /hidden/);
});

test('a base URL is scheme, host and port, and nothing else', () => {
  assert.equal(load({ OSTIARY_BASE_URL: 'https://ID.example.com:443/' }).config.baseUrl, 'https://id.example.com');
  assert.equal(load({ AUTHENTIK_WEB__BASE_URL: 'http://localhost:9000' }).config.baseUrl, 'http://localhost:9000');
  for (const wrong of [
    'id.example.com',
    'ftp://id',
    'https://id/?',
    'https://id/#',
    'https://id\\x',
    'https://a@id',
    'https://id/a/..',
    ' https://id',
    'javascript:alert(1)',
  ]) {
    faultsOf({ OSTIARY_BASE_URL: wrong });
  }
});

test('listeners are a list', () => {
  const listens = (text: string): Config['listenHttp'] => load({ OSTIARY_LISTEN__HTTP: text }).config.listenHttp;
  assert.deepEqual(listens('127.0.0.1:9000, [::1]:9001,localhost:0'), [
    { host: '127.0.0.1', port: 9000 },
    { host: '::1', port: 9001 },
    { host: 'localhost', port: 0 },
  ]);
  assert.deepEqual(listens('9000'), [{ host: '::', port: 9000 }]);
  assert.deepEqual(listens(':9000'), [{ host: '::', port: 9000 }]);
  assert.deepEqual(load({ OSTIARY_LISTEN__METRICS: 'off' }).config.listenMetrics, []);
  for (const wrong of ['a:b', '[::1]', '::1:9000', '1.2.3.4:65536', 'a b:1', ',', '9000,9000', '[1.2.3.4]:1']) {
    faultsOf({ OSTIARY_LISTEN__HTTP: wrong });
  }
});

test('trusted proxies are loopback and what is given', () => {
  const { trustedProxies } = load({ OSTIARY_LISTEN__TRUSTED_PROXY_CIDRS: '10.1.2.3/8, fd00::/8,192.0.2.7' }).config;
  for (const inside of ['127.0.0.1', '10.200.0.1', '192.0.2.7']) assert.ok(trustedProxies.check(inside), inside);
  assert.ok(trustedProxies.check('fd12::1', 'ipv6') && trustedProxies.check('::1', 'ipv6'));
  for (const outside of ['11.0.0.1', '192.0.2.8']) assert.ok(!trustedProxies.check(outside), outside);
  for (const wrong of ['10.0.0.0/', '10.0.0/8', 'proxy', '10.0.0.0/8/8', 'fe80::1%eth0/64', '10.0.0.0/-1', ',']) {
    faultsOf({ OSTIARY_LISTEN__TRUSTED_PROXY_CIDRS: wrong });
  }
});

test('a secret may come from a file, but not from two places', () => {
  assert.equal(load({ OSTIARY_SECRET_KEY_FILE: '/run/key' }).config.secretKey, key);
  assert.equal(load({ AUTHENTIK_SECRET_KEY: 'file:///run/key' }).config.secretKey, key);
  assert.match(faultsOf({ OSTIARY_SECRET_KEY_FILE: '/run/key', OSTIARY_SECRET_KEY: key }).message, /both given/);
  assert.match(faultsOf({ OSTIARY_SECRET_KEY_FILE: '/run/gone' }).message, /cannot be read \(ENOENT\)/);
  assert.match(faultsOf({ OSTIARY_SECRET_KEY_FILE: '/run/empty' }).message, /empty file/);
  assert.match(faultsOf({ OSTIARY_LOG_LEVEL_FILE: '/run/key' }).message, /not a setting/);
});

test("authentik's forms of values work, with their defaults", () => {
  assert.equal(load({ OSTIARY_LOG_LEVEL: 'env://LEVEL', LEVEL: 'debug' }).config.logLevel, 'debug');
  assert.equal(load({ OSTIARY_LOG_LEVEL: 'env://LEVEL?warning' }).config.logLevel, 'warn');
  assert.equal(load({ OSTIARY_LOG_LEVEL: 'file:///run/gone?error' }).config.logLevel, 'error');
  assert.match(faultsOf({ OSTIARY_LOG_LEVEL: 'env://LEVEL' }).message, /LEVEL, which is not set/);
});

test("authentik's names are accepted, and its other names are named once and ignored", () => {
  const { config, notices } = load({
    AUTHENTIK_LISTEN__HTTP: '0.0.0.0:9001',
    AUTHENTIK_LOG_LEVEL: 'debug',
    OSTIARY_LOG_LEVEL: 'warn',
    AUTHENTIK_SERVER_URL: 'http://localhost:9000',
    AUTHENTIK_ERROR_REPORTING__ENABLED: 'true',
  });
  assert.deepEqual(config.listenHttp, [{ host: '0.0.0.0', port: 9001 }]);
  assert.equal(config.logLevel, 'warn');
  assert.deepEqual(notices, [
    'AUTHENTIK_LOG_LEVEL is not used, because OSTIARY_LOG_LEVEL is given.',
    'Ignored, because Ostiary has no such setting: AUTHENTIK_ERROR_REPORTING__ENABLED, AUTHENTIK_SERVER_URL.',
  ]);
});

test('PostgreSQL comes as one URL or in parts, and needs a secret key', () => {
  const database = (environment: Record<string, string>): unknown =>
    load({ OSTIARY_SECRET_KEY: key, ...environment }).config.database;
  const url = 'postgres://ann:p%40ss@db:5432/ostiary';
  assert.deepEqual(database({ OSTIARY_DATABASE_URL: url }), { kind: 'postgresql', url });
  assert.deepEqual(
    database({
      AUTHENTIK_POSTGRESQL__HOST: 'db',
      AUTHENTIK_POSTGRESQL__USER: 'ann',
      AUTHENTIK_POSTGRESQL__PASSWORD: 'p@ss',
    }),
    { kind: 'postgresql', url },
  );
  assert.deepEqual(database({ OSTIARY_POSTGRESQL__HOST: '/var/run/postgresql' }), {
    kind: 'postgresql',
    url: 'postgres://ostiary@localhost:5432/ostiary?host=%2Fvar%2Frun%2Fpostgresql',
  });
  assert.match(faultsOf({ OSTIARY_DATABASE_URL: url }).message, /OSTIARY_SECRET_KEY is missing/);
  assert.match(faultsOf({ OSTIARY_POSTGRESQL__USER: 'ann' }).message, /not the host/);
  for (const wrong of ['sqlite://x', 'db', 'postgres//db'])
    faultsOf({ OSTIARY_DATABASE_URL: wrong, OSTIARY_SECRET_KEY: key });
});

test('docs/config.md is what the table says', () => {
  const written = readFileSync(new URL('../docs/config.md', import.meta.url), 'utf8');
  const command = `node -e "import('./src/config/describe.ts').then(m => process.stdout.write(m.configMarkdown()))" > docs/config.md`;
  assert.equal(written, configMarkdown(), `write it anew: ${command}`);
  for (const [, name] of configMarkdown().matchAll(/^## (\w+)$/gm)) assert.ok(configHelp().includes(name ?? '?'));
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type DatabaseEngine, databases } from '../../tests/environment/databases.ts';
import { startOstiary, type TestOstiary } from '../../tests/environment/ostiary.ts';
import { newSetupToken, setupState } from '../core/setup.ts';

const PAGE = '/if/flow/initial-setup/';
const HERE = 'localhost:9000';
const NEAR = ['127.0.0.1', '::1', '10.1.2.3', '172.16.0.9', '192.168.1.20', '169.254.7.7', 'fd00::5', 'fe80::1'];
const FAR = ['203.0.113.5', '8.8.8.8', '2001:db8::1', '172.32.0.1', '100.64.0.1', '::ffff:8.8.8.8'];
const PASSWORD = 'a long enough password';

type Asked = { from?: string; headers?: Record<string, string>; path?: string; form?: Record<string, string> };

/** An Ostiary that nobody has set up, whose clock can be turned. */
async function withFresh(
  engine: DatabaseEngine,
  story: (fresh: Fresh) => Promise<void>,
  more: Record<string, string> = {},
) {
  let late = 0;
  const empty = { OSTIARY_BOOTSTRAP_PASSWORD: '', OSTIARY_BOOTSTRAP_EMAIL: '', OSTIARY_BOOTSTRAP_TOKEN: '', ...more };
  const ostiary = await startOstiary({ engine, environment: empty, now: () => Date.now() + late });
  const ask = async ({ from = '127.0.0.1', headers = {}, path = PAGE, form }: Asked = {}) => {
    const reply = await ostiary.server.inject({
      url: path,
      remoteAddress: from,
      method: form ? 'POST' : 'GET',
      headers: {
        host: HERE,
        accept: 'text/html',
        ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
        ...headers,
      },
      ...(form && { payload: new URLSearchParams(form).toString() }),
    });
    const { statusCode: status, body } = reply;
    return {
      status,
      body,
      location: reply.headers.location ?? '',
      cookies: [reply.headers['set-cookie'] ?? []].flat(),
    };
  };
  try {
    await story({ ostiary, ask, wait: (milliseconds) => void (late += milliseconds) });
  } finally {
    await ostiary.stop();
  }
}

type Fresh = {
  ostiary: TestOstiary;
  ask: (asked?: Asked) => Promise<{ status: number; body: string; location: string; cookies: string[] }>;
  wait: (milliseconds: number) => void;
};

const answer = (more: Record<string, string> = {}): Record<string, string> => ({
  email: 'boss@example.org',
  base_url: `http://${HERE}`,
  password: PASSWORD,
  password_repeat: PASSWORD,
  ...more,
});
const people = async ({ core }: TestOstiary): Promise<string[]> =>
  (await core.database.read.selectFrom('users').select('username').execute()).map((row) => row.username);

for (const engine of databases()) {
  describe(`the set-up page on ${engine.name}`, () => {
    test('leads from the first visit to an administrator who is signed in, and is closed from then on', async () => {
      await withFresh(engine, async ({ ostiary, ask }) => {
        assert.equal((await ask({ path: '/' })).location, PAGE);
        assert.equal((await ask({ path: '/setup' })).location, PAGE);
        const browser = ostiary.visitor();
        const shown = await browser.open('/');
        assert.equal(new URL(shown.url).pathname, PAGE);
        await browser.submit({ ...answer(), base_url: ostiary.url });
        assert.equal(new URL(browser.last?.url ?? '').pathname, '/if/user/');
        assert.match(browser.words(), /Hello Administrator/);
        assert.equal((await ask({ path: '/' })).location, '/if/user/');
        const token = await newSetupToken(ostiary.core);
        assert.equal(token, undefined);
        for (const from of ['127.0.0.1', '192.168.0.2']) {
          assert.equal((await ask({ from })).status, 404);
          assert.equal((await ask({ from, form: answer({ email: 'thief@example.org' }) })).status, 404);
        }
        await ostiary.person('ann');
        assert.deepEqual((await people(ostiary)).sort(), ['akadmin', 'ann']);
        // The flow of the same name makes nobody an administrator either.
        const executor = await ask({ path: '/api/v3/flows/executor/initial-setup/' });
        assert.match(executor.body, /xak-flow-redirect/);
        const again = ostiary.visitor();
        await again.open('/if/flow/default-authentication-flow/?next=/-/health/live/');
        await again.submit({ uid_field: 'boss@example.org' });
        await again.submit({ password: PASSWORD });
        assert.match(again.last?.url ?? '', /health\/live/);
      });
    });

    test('opens to neighbours for thirty minutes, to others never, and to whoever has the link', async () => {
      await withFresh(engine, async ({ ostiary, ask, wait }) => {
        const token = (await newSetupToken(ostiary.core)) ?? '';
        for (const from of NEAR) assert.equal((await ask({ from })).status, 200, from);
        const closed = async (asked: Asked, why: string): Promise<void> => {
          assert.equal((await ask(asked)).status, 403, why);
          assert.equal((await ask({ ...asked, form: answer() })).status, 403, why);
          assert.equal(await setupState(ostiary.core), 'open', why);
        };
        for (const from of FAR) await closed({ from }, from);
        wait(29 * 60_000);
        assert.equal((await ask()).status, 200);
        wait(60_001);
        for (const from of NEAR) await closed({ from }, from);
        for (const wrong of ['x', `${token}x`, token.slice(1), '%00'.slice(0, 1), token.toUpperCase()]) {
          await closed({ path: `${PAGE}?token=${encodeURIComponent(wrong)}` }, wrong);
        }
        const shown = await ask({ from: '203.0.113.5', path: `${PAGE}?token=${token}` });
        assert.equal(shown.status, 200);
        assert.ok(shown.body.includes(token), 'the form carries the link on');
        await closed({ from: '203.0.113.5' }, 'without the link');
        const newer = (await newSetupToken(ostiary.core)) ?? '';
        await closed({ path: `${PAGE}?token=${token}` }, 'the link of the start before');
        assert.equal((await ask({ from: '203.0.113.5', form: answer({ token: newer }) })).status, 303);
        assert.equal(await setupState(ostiary.core), 'done');
        assert.equal((await ask({ path: `${PAGE}?token=${newer}` })).status, 404);
      });
    });

    test('is closed to what a proxy forwards, unless a trusted one says for a neighbour', async () => {
      await withFresh(engine, async ({ ask }) => {
        const cases: [from: string, headers: Record<string, string>, status: number][] = [
          // The loopback proxy is trusted: who stands behind it counts.
          ['127.0.0.1', { 'x-forwarded-for': '203.0.113.5' }, 403],
          ['127.0.0.1', { 'x-forwarded-for': '192.168.1.5' }, 200],
          ['127.0.0.1', { 'x-forwarded-for': '192.168.1.5, 203.0.113.5' }, 403],
          // It does not say for whom.
          ['127.0.0.1', { 'x-forwarded-proto': 'https' }, 403],
          ['127.0.0.1', { 'x-forwarded-host': HERE }, 403],
          ['127.0.0.1', { forwarded: 'for=192.168.1.5' }, 403],
          ['127.0.0.1', { 'x-real-ip': '192.168.1.5' }, 403],
          ['127.0.0.1', { via: '1.1 proxy' }, 403],
          // A private address that is no trusted proxy forwards for somebody.
          ['10.0.0.1', { 'x-forwarded-for': '127.0.0.1' }, 403],
          ['10.0.0.1', { 'x-forwarded-for': '203.0.113.5' }, 403],
          ['10.0.0.1', { forwarded: 'for=127.0.0.1' }, 403],
          ['10.0.0.1', { 'x-real-ip': '127.0.0.1' }, 403],
          ['203.0.113.5', { 'x-forwarded-for': '127.0.0.1' }, 403],
        ];
        for (const [from, headers, status] of cases) {
          assert.equal((await ask({ from, headers })).status, status, `${from} ${JSON.stringify(headers)}`);
          if (status !== 403) continue;
          assert.equal(
            (await ask({ from, headers, form: answer() })).status,
            403,
            `${from} ${JSON.stringify(headers)}`,
          );
        }
      });
    });

    test('is closed to a public name that points here, whose page would reach us through a browser in here', async () => {
      await withFresh(engine, async ({ ostiary, ask }) => {
        const token = (await newSetupToken(ostiary.core)) ?? '';
        for (const [host, status] of [
          ['localhost:9000', 200],
          ['ostiary.localhost', 200],
          ['127.0.0.1:9000', 200],
          ['192.168.1.20:9000', 200],
          ['[::1]:9000', 200],
          ['ostiary:9000', 200],
          ['nas.local', 200],
          ['id.home.arpa', 200],
          ['evil.example', 403],
          ['rebind.evil.example:9000', 403],
          ['local.evil.example', 403],
        ] as const) {
          assert.equal((await ask({ headers: { host } })).status, status, host);
          const origin = `http://${host}`;
          if (status === 403) {
            assert.equal((await ask({ headers: { host, origin }, form: answer() })).status, 403, host);
            // A page can write these headers itself, and a browser of this machine comes from loopback.
            const forged = {
              host,
              'x-forwarded-for': '127.0.0.1',
              'x-forwarded-host': host,
              'x-forwarded-proto': 'http',
            };
            assert.equal((await ask({ headers: forged })).status, 403, host);
            assert.equal((await ask({ headers: { ...forged, origin }, form: answer() })).status, 403, host);
            assert.equal((await ask({ headers: { host }, path: `${PAGE}?token=${token}` })).status, 200, host);
          }
        }
      });
    });

    test('of many visitors at once exactly one makes the administrator', async () => {
      await withFresh(engine, async ({ ostiary, ask }) => {
        const replies = await Promise.all(
          Array.from({ length: 8 }, (_, index) =>
            ask({
              form: answer({
                email: `visitor${index}@example.org`,
                password: `${PASSWORD} ${index}`,
                password_repeat: `${PASSWORD} ${index}`,
              }),
            }),
          ),
        );
        const won = replies.filter((each) => each.status === 303);
        assert.equal(won.length, 1);
        for (const each of replies)
          if (each.status !== 303) assert.ok([403, 404].includes(each.status), `${each.status}`);
        assert.equal(
          replies.filter((each) => each.cookies.some((line) => /Max-Age=(?!0)|session=\w/.test(line))).length,
          1,
        );
        const { read } = ostiary.core.database;
        const rows = await read.selectFrom('users').select(['username', 'email', 'password_hash']).execute();
        assert.equal(rows.length, 1);
        const winner = replies.findIndex((each) => each.status === 303);
        assert.equal(rows[0]?.email, `visitor${winner}@example.org`);
        const verdict = await ostiary.core.passwords.verify(`${PASSWORD} ${winner}`, rows[0]?.password_hash ?? '');
        assert.equal(verdict.valid, true);
        assert.equal((await read.selectFrom('sessions').select('id').execute()).length, 1);
      });
    });

    test('input that does not fit keeps what was typed, but no password, and makes nobody', async () => {
      await withFresh(engine, async ({ ostiary, ask }) => {
        const bad: Record<string, string>[] = [
          {},
          { email: '' },
          { email: 'no mail address' },
          { email: 'two@at@example.org' },
          { email: `${'x'.repeat(300)}@example.org` },
          { password: 'short', password_repeat: 'short' },
          { password_repeat: 'another password' },
          { password_repeat: '' },
          { password: 'x'.repeat(2000), password_repeat: 'x'.repeat(2000) },
          ...['', 'id.example.org', 'ftp://id.example.org', 'javascript:alert(1)', 'https://', 'https://a b'].map(
            (base_url) => ({ base_url }),
          ),
          ...[
            'https://id.example.org/path',
            'https://me@id.example.org',
            'https://id.example.org?x',
            'https://id.example.org#x',
            '//id.example.org',
            'https://id.example.org:99999',
          ].map((base_url) => ({ base_url })),
        ];
        for (const more of bad) {
          const form = Object.keys(more).length === 0 ? { x: '' } : answer({ email: 'typed@example.org', ...more });
          const reply = await ask({ form });
          const what = JSON.stringify(more).slice(0, 80);
          assert.equal(reply.status, 200, what);
          assert.match(reply.body, /aria-invalid|class="error|role="alert"/, what);
          assert.ok(!reply.body.includes(PASSWORD), what);
          if (more.email === undefined && Object.keys(more).length > 0)
            assert.ok(reply.body.includes('typed@example.org'), what);
          if (more.base_url?.startsWith('https://id')) assert.ok(reply.body.includes(more.base_url), what);
        }
        assert.equal(await setupState(ostiary.core), 'open');
        assert.deepEqual(await people(ostiary), []);
        // A slash at the end and capital letters are no fault.
        assert.equal((await ask({ form: answer({ base_url: `http://LOCALHOST:9000/` }) })).status, 303);
      });
    });

    test('an operator who has set the base URL is asked for none, and it is not overwritten', async () => {
      await withFresh(
        engine,
        async ({ ostiary, ask }) => {
          assert.equal((await ask({ form: answer({ base_url: 'https://thief.example' }) })).status, 303);
          assert.equal(ostiary.core.baseUrl, 'https://id.example.org');
          const stored = await ostiary.core.database.read
            .selectFrom('system_settings')
            .select('name')
            .where('name', '=', 'base_url')
            .execute();
          assert.deepEqual(stored, []);
        },
        { OSTIARY_BASE_URL: 'https://id.example.org' },
      );
    });

    test('an installation that was given a password is set up already', async () => {
      const ostiary = await startOstiary({ engine });
      try {
        const browser = ostiary.visitor();
        assert.equal((await browser.open(PAGE)).status, 404);
        assert.match((await browser.open('/')).url, /default-authentication-flow/);
      } finally {
        await ostiary.stop();
      }
    });
  });
}

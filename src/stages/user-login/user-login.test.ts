import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { databases } from '../../../tests/environment/databases.ts';
import { sessions } from '../../../tests/environment/counting.ts';
import { makeFlow } from '../../../tests/environment/flow-client.ts';
import { startOstiary, type TestOstiary } from '../../../tests/environment/ostiary.ts';
import { dummy } from '../dummy/dummy.ts';
import { identification } from '../identification/identification.ts';
import { password } from '../password/password.ts';
import { userLogin } from './user-login.ts';

const BACKENDS = { backends: ['authentik.core.auth.InbuiltBackend'] };
const HOUR = 3_600_000;
const NAMING = { component: 'ak-stage-identification' };
type Reply = { json: Record<string, unknown>; lines: string[] };

for (const engine of databases()) {
  describe(`the login stage on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    let late = 0;
    let made = 0;
    before(async () => {
      ostiary = await startOstiary({ engine, now: () => Date.now() + late });
      await ostiary.person('ann');
    });
    after(() => ostiary.stop());

    /** A browser at an address, which keeps its cookies. */
    const browserAt = (address: string) => {
      const cookies = new Map<string, string>();
      const send = async (url: string, payload?: object): Promise<Reply> => {
        const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
        const reply = await ostiary.server.inject({
          url,
          method: payload ? 'POST' : 'GET',
          remoteAddress: address,
          headers: { host: 'localhost', accept: 'application/json', ...(cookie && { cookie }) },
          ...(payload && { payload }),
        });
        const lines = [reply.headers['set-cookie'] ?? []].flat();
        for (const line of lines) {
          const [pair = ''] = line.split(';');
          const [name = '', value = ''] = pair.split('=');
          if (/max-age=0/i.test(line)) cookies.delete(name);
          else cookies.set(name, value);
        }
        if (reply.statusCode === 302 && payload) return send(url);
        const json = reply.body.startsWith('{') ? (JSON.parse(reply.body) as Record<string, unknown>) : {};
        return { json, lines };
      };
      const isSignedIn = async (from = address): Promise<boolean> => {
        const headers = { host: 'localhost', cookie: `authentik_session=${cookies.get('authentik_session')}` };
        return (await ostiary.server.inject({ url: '/if/user/', remoteAddress: from, headers })).statusCode === 200;
      };
      return { send, cookies, isSignedIn };
    };
    const flowWith = async (settings: Record<string, unknown>): Promise<string> => {
      made += 1;
      const slug = `login-${made}`;
      await makeFlow(ostiary, { slug, designation: 'authentication' }, [
        [identification, { user_fields: ['username'] }],
        [password, BACKENDS],
        [userLogin, settings],
      ]);
      return `/api/v3/flows/executor/${slug}/`;
    };
    const signIn = async (url: string, address = '192.0.2.10', name = 'ann') => {
      const browser = browserAt(address);
      await browser.send(url);
      await browser.send(url, { ...NAMING, uid_field: name });
      const last = await browser.send(url, { component: 'ak-stage-password', password: `password of ${name}` });
      return { ...browser, last };
    };
    const cookieOf = ({ lines }: Reply): string => lines.find((line) => line.startsWith('authentik_session=')) ?? '';

    test('a session lasts as long as it is set to, and no longer', async () => {
      const forever = await signIn(await flowWith({ session_duration: 'hours=100' }));
      assert.match(cookieOf(forever.last), /Max-Age=360000/);
      const closing = await signIn(await flowWith({}));
      assert.doesNotMatch(cookieOf(closing.last), /Max-Age|Expires/, 'until the browser is closed');
      late += 99 * HOUR;
      assert.deepEqual([await forever.isSignedIn(), await closing.isSignedIn()], [true, false]);
      late += 2 * HOUR;
      assert.equal(await forever.isSignedIn(), false);
    });

    test('who chooses to stay is signed in for longer, and who does not is not', async () => {
      const url = await flowWith({ remember_me_offset: 'days=10' });
      for (const [remember_me, stays] of [
        [true, true],
        ['true', true],
        [false, false],
        ['false', false],
      ] as const) {
        const { send, isSignedIn, last } = await signIn(url);
        assert.equal(last.json.component, 'ak-stage-user-login');
        assert.equal(cookieOf(last), '', 'not yet');
        const done = await send(url, { component: 'ak-stage-user-login', remember_me });
        assert.equal(done.json.component, 'xak-flow-redirect');
        assert.equal(/Max-Age/.test(cookieOf(done)), stays);
        const earlier = late;
        late += 9 * 24 * HOUR;
        assert.equal(await isSignedIn(), stays, `${remember_me}`);
        late = earlier;
      }
    });

    for (const [network_binding, home, near, far] of [
      ['bind_asn_network_ip', '192.0.2.10', [], ['192.0.2.11', '2001:db8::1']],
      ['bind_asn_network', '192.0.2.10', ['192.0.2.250'], ['192.0.3.10', '2001:db8::1']],
      ['bind_asn', '192.0.2.10', ['192.0.99.1'], ['192.1.2.10', '::1']],
      ['bind_asn_network_ip', '2001:db8::1', [], ['2001:db8::2', '192.0.2.10']],
      ['bind_asn_network', '2001:db8:1::1', ['2001:db8:1:9::5'], ['2001:db8:2::1', '192.0.2.10']],
      ['no_binding', '192.0.2.10', ['8.8.8.8', '2001:db8::1'], []],
    ] as const) {
      test(`a session is bound to its network: ${network_binding} from ${home}`, async () => {
        const { isSignedIn } = await signIn(await flowWith({ network_binding }), home);
        for (const address of [home, ...near]) assert.equal(await isSignedIn(address), true, address);
        for (const address of far) assert.equal(await isSignedIn(address), false, address);
        assert.equal(await isSignedIn(home), true, 'a visit from elsewhere does not end it');
      });
    }

    test('other sessions end where the stage says so, those of others never', async () => {
      const { pk } = await ostiary.person('bea');
      const cleo = await ostiary.person('cleo');
      const plain = await flowWith({});
      const one = await signIn(plain, '192.0.2.1', 'bea');
      await signIn(plain, '192.0.2.2', 'bea');
      await signIn(plain, '192.0.2.3', 'cleo');
      assert.equal(await sessions(ostiary, pk), 2);
      const last = await signIn(await flowWith({ terminate_other_sessions: true }), '192.0.2.4', 'bea');
      assert.equal(await sessions(ostiary, pk), 1);
      assert.equal(await sessions(ostiary, cleo.pk), 1);
      assert.deepEqual([await one.isSignedIn(), await last.isSignedIn()], [false, true]);
    });

    test('nobody is signed in who has proven nothing, whatever they name themselves', async () => {
      const { pk } = await ostiary.person('dora');
      const flows: [slug: string, stages: Parameters<typeof makeFlow>[2]][] = [
        ['only-login', [[userLogin, {}]]],
        [
          'click-and-login',
          [
            [dummy, {}],
            [userLogin, {}],
          ],
        ],
        [
          'name-and-login',
          [
            [identification, { user_fields: ['username'] }],
            [userLogin, {}],
          ],
        ],
        [
          'name-and-choose',
          [
            [identification, { user_fields: ['username'] }],
            [userLogin, { remember_me_offset: 'days=1' }],
          ],
        ],
      ];
      for (const [slug, stages] of flows) {
        await makeFlow(ostiary, { slug, designation: 'authentication' }, stages);
        const url = `/api/v3/flows/executor/${slug}/`;
        const { send, cookies, isSignedIn } = browserAt('192.0.2.9');
        await send(url);
        for (const component of [
          'ak-stage-dummy',
          'ak-stage-identification',
          'ak-stage-user-login',
          'ostiary-flow-confirm',
        ]) {
          await send(url, { component, uid_field: 'dora', remember_me: true });
        }
        assert.equal(await isSignedIn(), false, slug);
        assert.ok(cookies.size <= 2);
      }
      assert.equal(await sessions(ostiary, pk), 0);
    });

    test('the time of the last sign-in is written', async () => {
      const { pk } = await ostiary.person('edda');
      const lastOf = async (): Promise<number | null> =>
        (
          await ostiary.core.database.read
            .selectFrom('users')
            .select('last_login_at')
            .where('pk', '=', pk)
            .executeTakeFirstOrThrow()
        ).last_login_at;
      assert.equal(await lastOf(), null);
      await signIn(await flowWith({}), '192.0.2.10', 'edda');
      assert.ok(Math.abs(Number(await lastOf()) - ostiary.core.now()) < 60_000);
    });
  });
}

/** Answers that no honest page sends: none passes a step, none is a fault of the server, none changes anything. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { events, rows, sessions } from '../environment/counting.ts';
import { databases } from '../environment/databases.ts';
import { makeFlow } from '../environment/flow-client.ts';
import { startOstiary, type TestOstiary } from '../environment/ostiary.ts';
import { exchange, named, Program, proven } from '../environment/program.ts';
import { deny } from '../../src/stages/deny/deny.ts';
import { identification } from '../../src/stages/identification/identification.ts';
import { password } from '../../src/stages/password/password.ts';
import { userLogin } from '../../src/stages/user-login/user-login.ts';

const SIGN_IN = 'default-authentication-flow';
const RIGHT = 'password of ann';
const BACKENDS = { backends: ['authentik.core.auth.InbuiltBackend'], failed_attempts_before_cancel: 1000 };
const COMPONENTS = ['ak-stage-identification', 'ak-stage-password', 'ak-stage-user-login', 'ak-stage-dummy'];
COMPONENTS.push('ak-stage-consent', 'ak-stage-prompt', 'ostiary-flow-confirm', 'xak-flow-redirect', '', 'constructor');

/** Values of every wrong type, and texts that are too long or too odd. */
const ODD: unknown[] = [null, true, false, 0, -1, 1e308, [], {}, [RIGHT], { password: RIGHT }, [['a']], { $ne: null }];
ODD.push('', ' ', '\u202e', '\ud800', 'a\nb', 'x'.repeat(5000), 'x'.repeat(900_000), "' or '1'='1", '%', '_%');
ODD.push(
  { toString: 'x' },
  { length: 1 },
  { valueOf: 'x' },
  ['__proto__'],
  `${RIGHT} `,
  ` ${RIGHT}`,
  RIGHT.toUpperCase(),
);

/** Bodies that are no dictionary, or hold keys of the prototype. */
const BODIES = [
  'null',
  '[]',
  '1',
  '"x"',
  'true',
  '',
  '{',
  '{"a":}',
  'undefined',
  '[{"component":"ak-stage-password"}]',
];
BODIES.push(
  `{"__proto__":{"component":"ak-stage-password","password":"${RIGHT}"}}`,
  '{"constructor":{"prototype":{"a":1}}}',
);
BODIES.push('{"component":"ak-stage-password","__proto__":{"password":"x"}}', '{"component":"a\\u0000b"}');
BODIES.push(`{"component":"ak-stage-password","password":"\\u0000"}`, '['.repeat(100_000), '{"a":'.repeat(50_000));

for (const engine of databases()) {
  describe(`answers that no honest page sends, on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    let annPk = 0;
    before(async () => {
      ostiary = await startOstiary({ engine });
      annPk = (await ostiary.person('ann')).pk;
      await makeFlow(ostiary, { slug: 'patient', designation: 'authentication' }, [
        [identification, { user_fields: ['username'] }],
        [password, BACKENDS],
        [userLogin, { remember_me_offset: 'days=1' }],
      ]);
      await makeFlow(ostiary, { slug: 'closed', designation: 'authentication' }, [
        [identification, { user_fields: ['username'] }],
        [deny, {}],
        [userLogin, {}],
      ]);
    });
    after(async () => {
      assert.equal(await sessions(ostiary, annPk), 0, 'nobody was ever signed in');
      assert.equal(await events(ostiary, 'login', 'ann'), 0);
      await ostiary.stop();
    });

    const atPassword = async (slug = 'patient'): Promise<Program> => {
      const program = new Program(ostiary, slug);
      await program.look();
      assert.equal((await program.answer(named('ann'))).json.component, 'ak-stage-password');
      return program;
    };

    test('an empty answer passes no step', async () => {
      const program = new Program(ostiary, 'patient');
      await program.look();
      for (const step of ['ak-stage-identification', 'ak-stage-password']) {
        for (const body of [{}, { component: step }, { component: step, uid_field: '', password: '' }]) {
          const reply = await program.post(body);
          assert.ok(reply.status === 200 || reply.status === 400, `${reply.status}`);
          assert.equal((await program.look()).json.component, step, JSON.stringify(body));
        }
        await program.answer(named('ann'));
      }
    });

    test('an answer for another step is taken by none', async () => {
      for (const component of COMPONENTS) {
        for (const [program, here] of [
          [new Program(ostiary, 'patient'), 'ak-stage-identification'],
          [await atPassword(), 'ak-stage-password'],
        ] as const) {
          if (component === here) continue;
          await program.look();
          const earlier = await rows(ostiary);
          const body = {
            component,
            uid_field: 'ann',
            password: RIGHT,
            remember_me: true,
            token: 'x',
            index: 2,
            version: 9,
          };
          assert.ok((await program.post(body)).status < 500, component);
          assert.equal((await program.look()).json.component, here, component);
          assert.deepEqual(await rows(ostiary), earlier, component);
        }
      }
    });

    test('no field that a stage does not ask for moves the run', async () => {
      const program = await atPassword();
      const names = [
        'pending_user',
        'context',
        'state',
        'plan',
        'index',
        'browser',
        'authentication_methods',
        'next',
        'run',
      ];
      for (const name of names) {
        for (const value of [1, 'akadmin', ['pwd'], { pending_user: 1 }]) {
          const { json } = await program.post({ ...proven('wrong'), [name]: value });
          assert.equal(json.component, 'ak-stage-password', name);
          assert.ok(json.response_errors, name);
        }
      }
    });

    test('values of the wrong type are wrong answers', async () => {
      for (const [field, component] of [
        ['uid_field', 'ak-stage-identification'],
        ['password', 'ak-stage-password'],
      ] as const) {
        const program = field === 'password' ? await atPassword() : new Program(ostiary, 'patient');
        await program.look();
        for (const value of ODD) {
          const reply = await program.post({ component, [field]: value });
          const what = `${field} ${JSON.stringify(value)?.slice(0, 40)}`;
          assert.ok([200, 302, 400, 413].includes(reply.status), `${what}: ${reply.status}`);
          // A text may be a name that nobody has; nothing else goes on.
          if (field === 'password' || typeof value !== 'string') assert.notEqual(reply.status, 302, what);
          if (reply.status !== 302) assert.equal((await program.look()).json.component, component, what);
          if (reply.status === 302) program.cookies.clear();
        }
      }
    });

    test('the choice to stay signed in is a choice', async () => {
      const odd = await ostiary.person('odd');
      const program = new Program(ostiary, 'patient');
      await program.look();
      await program.answer(named('odd'));
      await program.answer(proven('password of odd'));
      for (const value of [undefined, null, '', 'yes', 1, 0, [], {}, [true], 'TRUE', 'x'.repeat(1000)]) {
        const { json } = await program.post({ component: 'ak-stage-user-login', remember_me: value });
        assert.equal(json.component, 'ak-stage-user-login', JSON.stringify(value));
        assert.ok(json.response_errors);
        assert.equal(await sessions(ostiary, odd.pk), 0);
      }
    });

    test('bodies that are no answer are refused in plain words', async () => {
      const program = await atPassword();
      const earlier = await rows(ostiary);
      for (const body of BODIES) {
        const reply = await program.post(body);
        assert.ok(
          reply.status === 400 || reply.status === 413 || reply.status === 200,
          `${reply.status} ${body.slice(0, 60)}`,
        );
        if (reply.status !== 200) assert.match(String(reply.json.code), /\w/, body.slice(0, 60));
        assert.equal((await program.look()).json.component, 'ak-stage-password');
      }
      const all = { ...(await rows(ostiary)), events: 0, attempts: 0 };
      assert.deepEqual(all, { ...earlier, events: 0, attempts: 0 });
    });

    test('bodies of other types, sizes and characters are refused', async () => {
      const program = await atPassword();
      for (const [type, body, status] of [
        ['text/plain', JSON.stringify(proven('wrong')), 415],
        ['application/xml', '<a/>', 415],
        ['multipart/form-data; boundary=x', '--x--', 415],
        ['application/json; charset=utf-16', '{}', 415],
        ['application/x-www-form-urlencoded', 'component=%zz', 400],
        ['application/x-www-form-urlencoded', 'component=a%00b', 400],
        ['application/x-www-form-urlencoded', 'a=1&'.repeat(300), 400],
        ['application/json', `{"component":"${'x'.repeat(1_100_000)}"}`, 413],
      ] as const) {
        const reply = await program.post(body, { 'content-type': type });
        assert.equal(reply.status, status, `${type} ${body.slice(0, 30)}`);
      }
      assert.equal((await program.look()).json.component, 'ak-stage-password');
    });

    test('a page takes forms no better', async () => {
      const address = `${ostiary.url}/if/flow/${SIGN_IN}/`;
      const post = (body: string, headers: Record<string, string> = {}) =>
        exchange(address, {
          method: 'POST',
          body,
          headers: { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded', ...headers },
        });
      for (const body of [
        '',
        'component=',
        'component=ak-stage-password&password=password+of+ann&uid_field=ann',
        'component=ak-stage-user-login&remember_me=true&version=0',
        'component=ostiary-flow-confirm',
        'component=ak-stage-identification&uid_field=',
        'component=ak-stage-identification',
        `run=${'x'.repeat(50_000)}&component=ak-stage-password`,
        'run=%00',
        'run=a&run=b&component=x',
        'component=a&component=b',
        'version=-1&component=ak-stage-password&password=x',
        'version=99999999999999999999&component=ak-stage-password&password=x',
        '__proto__=x&constructor=y&component=ak-stage-password',
        'next=//evil.example&component=x',
      ]) {
        const reply = await post(body);
        assert.ok(reply.status < 500, `${reply.status} ${body.slice(0, 60)}`);
        assert.ok(!reply.location || reply.location.startsWith(`/if/flow/${SIGN_IN}/`), `${reply.location}`);
      }
      for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x']) {
        const reply = await post('{"component":"ak-stage-password"}', { 'content-type': type });
        assert.ok(reply.status < 500, `${type} ${reply.status}`);
      }
    });

    test('a flow with a denial in the middle is not passed by asking for its end', async () => {
      for (const component of COMPONENTS) {
        const program = new Program(ostiary, 'closed');
        await program.look();
        await program.post(named('ann'));
        await program.post({ component, uid_field: 'ann', remember_me: true });
        assert.ok(![...program.cookies.values()].some((value) => value.includes('session=')));
      }
    });
  });
}

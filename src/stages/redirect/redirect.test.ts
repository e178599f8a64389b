import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { databases } from '../../../tests/environment/databases.ts';
import { makeFlow } from '../../../tests/environment/flow-client.ts';
import { startOstiary, type TestOstiary } from '../../../tests/environment/ostiary.ts';
import { exchange, named, Program, proven } from '../../../tests/environment/program.ts';
import { identification } from '../identification/identification.ts';
import { password } from '../password/password.ts';
import { userLogin } from '../user-login/user-login.ts';
import { redirect } from './redirect.ts';

const DENIED = 'ak-stage-access-denied';

for (const engine of databases()) {
  describe(`the redirect stage on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    let made = 0;
    before(async () => {
      ostiary = await startOstiary({ engine });
    });
    after(() => ostiary.stop());
    const slugOf = (name: string): string => `${name}-${(made += 1)}`;
    const flowId = async (slug: string): Promise<string> =>
      (
        await ostiary.core.database.read
          .selectFrom('flows')
          .select('id')
          .where('slug', '=', slug)
          .executeTakeFirstOrThrow()
      ).id;

    test('leads to pages, by path or address', async () => {
      for (const [target_static, to] of [
        ['/if/user/', '/if/user/'],
        ['/a b?c=ü#d', '/a%20b?c=%C3%BC#d'],
        ['https://app.example/start?x=1', 'https://app.example/start?x=1'],
        ['http://app.example', 'http://app.example/'],
        ['https://bücher.example/ü', 'https://xn--bcher-kva.example/%C3%BC'],
      ] as const) {
        const slug = slugOf('static');
        await makeFlow(ostiary, { slug }, [[redirect, { mode: 'static', target_static }]]);
        assert.equal((await new Program(ostiary, slug).look()).json.to, to);
        const page = await exchange(`${ostiary.url}/if/flow/${slug}/`, { method: 'GET' });
        assert.deepEqual([page.status, page.location], [303, to]);
      }
    });

    test('never to what a browser would run, nor to an address that only looks like a path', async () => {
      for (const target_static of [
        '',
        ' ',
        'x',
        'javascript:alert(1)',
        'JavaScript:alert(1)',
        'java\tscript:alert(1)',
        ' javascript:alert(1)',
        'data:text/html,<script>alert(1)</script>',
        'vbscript:x',
        'file:///etc/passwd',
        'blob:https://x',
        '//evil.example',
        '/\\evil.example',
        '/\t/evil.example',
        '/\n/evil.example',
        '\\\\evil.example',
        'https://',
        'http:',
        '/a\r\nset-cookie: x=y'.replace('/a', 'x'),
      ]) {
        const slug = slugOf('unsafe');
        await makeFlow(ostiary, { slug }, [[redirect, { mode: 'static', target_static }]]);
        const { json } = await new Program(ostiary, slug).look();
        assert.equal(json.component, DENIED, JSON.stringify(target_static));
        const page = await exchange(`${ostiary.url}/if/flow/${slug}/`, { method: 'GET' });
        assert.deepEqual([page.status, page.location], [403, undefined], JSON.stringify(target_static));
      }
      for (const target_static of ['/.//evil.example', '/..//evil.example', '/%2f%2fevil.example', '/a\r\nb']) {
        const slug = slugOf('path');
        await makeFlow(ostiary, { slug }, [[redirect, { mode: 'static', target_static }]]);
        const { location = '' } = await exchange(`${ostiary.url}/if/flow/${slug}/`, { method: 'GET' });
        assert.match(location, /^\/(?!\/)/, target_static);
        assert.equal(new URL(location, ostiary.url).origin, ostiary.url);
      }
    });

    for (const keep_context of [true, false]) {
      test(`goes on in another flow, ${keep_context ? 'with' : 'without'} what was gathered`, async () => {
        const name = slugOf('person');
        await ostiary.person(name);
        const login = slugOf('login');
        await makeFlow(ostiary, { slug: login, designation: 'authentication', authentication: 'require_redirect' }, [
          [userLogin, {}],
        ]);
        const first = slugOf('first');
        await makeFlow(ostiary, { slug: first, designation: 'authentication' }, [
          [identification, { user_fields: ['username'] }],
          [password, { backends: ['authentik.core.auth.InbuiltBackend'] }],
          [redirect, { mode: 'flow', target_flow: await flowId(login), keep_context }],
        ]);
        const program = new Program(ostiary, first, 'next=/there');
        await program.look();
        await program.answer(named(name));
        const onward = String((await program.answer(proven(`password of ${name}`))).json.to);
        const { pathname, searchParams } = new URL(onward, ostiary.url);
        assert.equal(pathname, `/if/flow/${login}/`);
        assert.equal(searchParams.get('next'), '/there');
        const browser = ostiary.visitor();
        browser.cookies.set('authentik_session', program.cookies.get('authentik_session') ?? '');
        const shown = await browser.open(onward);
        if (keep_context) {
          await browser.submit({});
          assert.equal(new URL(browser.last?.url ?? '').pathname, '/there');
          assert.match((await browser.open('/if/user/')).url, /\/if\/user\//);
        } else assert.equal(shown.status, 403);
        // Whoever finds the address has another browser, and comes to a flow that is not opened directly.
        const thief = ostiary.visitor();
        assert.equal((await thief.open(onward)).status, 403);
        assert.match((await thief.open('/if/user/')).url, /default-authentication-flow/);
        assert.equal((await thief.open(`/if/flow/${login}/`)).status, 403);
      });
    }

    test('a flow that is not set leads nowhere', async () => {
      const slug = slugOf('lost');
      await makeFlow(ostiary, { slug }, [[redirect, { mode: 'flow' }]]);
      assert.equal((await new Program(ostiary, slug).look()).json.component, DENIED);
    });
  });
}

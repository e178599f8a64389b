/** Calls beside reading and writing: who may enter what, trials of policies and mappings, passwords, events. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startApi } from '../../tests/admin/api.ts';
import { databases } from '../../tests/environment/databases.ts';
import { Visitor } from '../../tests/environment/visitor.ts';

type Named = { results: { name: string; launch_url: string | null }[]; pagination: { count: number } };

for (const engine of databases()) {
  test(`actions, on ${engine.name}`, async (t) => {
    const api = await startApi(engine);
    after(() => api.stop());
    const { admin } = api;
    const make = async (path: string, body: unknown): Promise<string> => {
      const answer = await admin.post(path, body);
      assert.equal(answer.status, 201, `${path} ${JSON.stringify(answer.body)}`);
      return String(answer.body.pk);
    };

    await t.test('people see what they may enter', async () => {
      const ann = await api.somebody('ann');
      const readers = await make('core/groups/', { name: 'Readers' });
      await make('core/applications/', {
        name: 'Open',
        slug: 'open',
        meta_launch_url: 'https://open.example/%(username)s/?mail=%(email)s&x=%(unknown)s',
      });
      const closed = await make('core/applications/', { name: 'Closed', slug: 'closed' });
      await make('core/applications/', { name: 'Odd', slug: 'odd', meta_launch_url: 'javascript:alert(1)' });
      await make('policies/bindings/', { target: closed, group: readers, order: 0 });
      const seen = async (path = ''): Promise<string[]> =>
        (await ann.get<Named>(`core/applications/${path}`)).body.results.map((each) => each.name);
      assert.deepEqual(await seen(), ['Odd', 'Open']);
      assert.deepEqual(await seen('?only_with_launch_url=true'), ['Open']);
      assert.equal((await ann.get('core/applications/?superuser_full_list=true')).status, 403);
      assert.equal((await ann.get(`core/applications/?for_user=${admin.pk}`)).status, 403);
      assert.equal((await ann.get('core/applications/closed/')).status, 403);
      assert.equal((await ann.post('core/applications/', { name: 'x', slug: 'x' })).status, 403);
      await admin.post(`core/groups/${readers}/add_user/`, { pk: ann.pk });
      assert.deepEqual(await seen(), ['Closed', 'Odd', 'Open'], 'from the next call on');
      assert.deepEqual(await seen('?page_size=1&page=3'), ['Open']);

      assert.equal((await ann.get('core/applications/closed/check_access/')).body.passing, true);
      assert.equal((await ann.get(`core/applications/closed/check_access/?for_user=${admin.pk}`)).status, 403);

      const full = await admin.get<Named>('core/applications/?superuser_full_list=true');
      assert.equal(full.body.pagination.count, 3);
      const forAnn = await admin.get<Named>(`core/applications/?for_user=${ann.pk}`);
      const open = forAnn.body.results.find((each) => each.name === 'Open');
      assert.equal(open?.launch_url, 'https://open.example/ann/?mail=&x=');
      assert.equal(forAnn.body.results.find((each) => each.name === 'Odd')?.launch_url, null);
      const check = async (query: string) => (await admin.get(`core/applications/closed/check_access/${query}`)).body;
      assert.equal((await check(`?for_user=${ann.pk}`)).passing, true);
      assert.equal((await check('')).passing, false);
    });

    await t.test('a policy is tried for a person', async () => {
      const create = (name: string, expression: string, language = 'javascript') =>
        make('policies/expression/', { name, expression, language });
      const tried = async (pk: string, user = admin.pk) =>
        admin.post(`policies/all/${pk}/test/`, { user, context: { answer: 42 } });
      const yes = await create('yes', 'return context.answer === 42 && request.user.username === "akadmin"');
      assert.deepEqual((await tried(yes)).body, { passing: true, messages: [], log_messages: [] });
      const no = await create('no', 'ak_message("not today"); return false');
      assert.deepEqual((await tried(no)).body, { passing: false, messages: ['not today'], log_messages: [] });
      const broken = await create('broken', 'throw new Error("x")');
      assert.equal((await tried(broken)).body.passing, false);
      const endless = await create('endless', 'for (;;) {}');
      assert.equal((await tried(endless)).body.passing, false);
      const python = await create('python', 'return True', 'python');
      assert.equal((await tried(python)).body.passing, false, 'what cannot run does not pass');
      assert.equal((await tried(yes, 99_999)).status, 404);
    });

    await t.test('a mapping is tried and reaches nothing', async () => {
      const mapping = await make('propertymappings/provider/scope/', {
        name: 'm',
        scope_name: 'm',
        expression: 'return { who: user.username, reach: typeof process, load: typeof require, fetch: typeof fetch }',
        language: 'javascript',
      });
      const tried = await admin.post(`propertymappings/all/${mapping}/test/?format_result=true`, { user: admin.pk });
      assert.equal(tried.body.successful, true);
      assert.deepEqual(JSON.parse(String(tried.body.result)), {
        who: 'akadmin',
        reach: 'undefined',
        load: 'undefined',
        fetch: 'undefined',
      });
      const reader = await api.somebody('mapping-reader', {
        roles: [await api.role('Mapping readers', 'authentik_providers_oauth2.view_scopemapping')],
      });
      assert.equal((await reader.get(`propertymappings/provider/scope/${mapping}/`)).status, 200);
      assert.equal((await reader.post(`propertymappings/all/${mapping}/test/`, {})).status, 403);
    });

    await t.test('a password that is set signs in, and signs everybody else out', async () => {
      const bob = await make('core/users/', { username: 'bob', name: 'Bob' });
      const set = (password: string) => admin.post(`core/users/${bob}/set_password/`, { password });
      assert.equal((await set('first password of bob')).status, 204);
      const signIn = async (password: string): Promise<Visitor> => {
        const browser = new Visitor(api.url);
        await browser.open('/if/flow/default-authentication-flow/?next=/-/health/live/');
        await browser.submit({ uid_field: 'bob' });
        await browser.submit({ password });
        return browser;
      };
      const known = async (browser: Visitor): Promise<boolean> =>
        (await browser.request('/api/v3/core/users/me/')).status === 200;
      const browser = await signIn('first password of bob');
      assert.equal(await known(browser), true);
      assert.equal((await set('second password of bob')).status, 204);
      assert.equal(await known(browser), false);
      assert.equal(await known(await signIn('first password of bob')), false);
      assert.equal(await known(await signIn('second password of bob')), true);
      assert.equal((await set('x'.repeat(1025))).status, 400);
    });

    await t.test('a service account is made with its password', async () => {
      const made = await admin.post('core/users/service_account/', {
        name: 'robot',
        create_group: true,
        expiring: false,
      });
      assert.equal(made.status, 200);
      const user = await admin.get(`core/users/${String(made.body.user_pk)}/`);
      assert.equal(user.body.type, 'service_account');
      assert.equal(user.body.uid, made.body.user_uid);
      assert.deepEqual(user.body.groups, [made.body.group_pk]);
      const tokens = await admin.get<{ results: { identifier: string; intent: string; expires: unknown }[] }>(
        `core/tokens/?user=${String(made.body.user_pk)}`,
      );
      const [token] = tokens.body.results;
      assert.deepEqual([token?.intent, token?.expires], ['app_password', null]);
      const key = await admin.get(`core/tokens/${token?.identifier}/view_key/`);
      assert.equal(key.body.key, made.body.token);
      assert.equal((await admin.post('core/users/service_account/', { name: 'robot' })).status, 400);
    });

    await t.test('every change is in the log, with who, what and the difference', async () => {
      const group = await make('core/groups/', { name: 'Logged', attributes: { floor: 1 } });
      await admin.patch(`core/groups/${group}/`, { attributes: { floor: 2 } });
      await admin.delete(`core/groups/${group}/`);
      type Logged = { action: string; user: { username: string }; context: { diff?: Record<string, unknown> } };
      const events = await admin.get<{ results: Logged[] }>(
        `events/events/?context_model_pk=${group}&ordering=created`,
      );
      const { results } = events.body;
      assert.deepEqual(
        results.map((each) => each.action),
        ['model_created', 'model_updated', 'model_deleted'],
      );
      assert.ok(results.every((each) => each.user.username === 'akadmin'));
      const difference = { attributes: { previous_value: { floor: 1 }, new_value: { floor: 2 } } };
      assert.deepEqual(results[1]?.context.diff, difference);
      const before = (await admin.get<Named>('events/events/')).body.pagination.count;
      assert.equal((await admin.post('core/groups/', { name: '' })).status, 400);
      assert.equal(
        (await admin.get<Named>('events/events/')).body.pagination.count,
        before,
        'a refusal changes nothing',
      );
      const forged = { action: 'login', app: 'x', user: { username: 'ann' } };
      assert.equal((await admin.post('events/events/', forged)).status, 400);
      const own = await admin.post('events/events/', { action: 'custom_x', app: 'x', user: { username: 'ann' } });
      assert.deepEqual((own.body.user as { username: string }).username, 'akadmin');
    });

    await t.test('the document is readable by everybody, as JSON and as YAML', async () => {
      const json = await api.call<{ openapi: string }>('GET', 'schema/');
      assert.equal(json.body.openapi, '3.0.3');
      const yaml = await api.call<string>('GET', 'schema/?format=yaml');
      assert.match(yaml.body, /^openapi: 3\.0\.3\n/);
    });
  });
}

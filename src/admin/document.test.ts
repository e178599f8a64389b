/** Every answer has the shape that the published document says, for whole lives of every kind of object. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  AdminApi,
  CoreApi,
  CryptoApi,
  EventsApi,
  FlowsApi,
  ManagedApi,
  PoliciesApi,
  PropertymappingsApi,
  ProvidersApi,
  RbacApi,
  RootApi,
  StagesApi,
} from '@goauthentik/api';
import { startApi } from '../../tests/admin/api.ts';
import { publishedDocument } from '../../tests/admin/document.ts';
import { databases } from '../../tests/environment/databases.ts';
import { mappings, policies, protocols, stages } from '../registry.ts';

const document = publishedDocument();

for (const engine of databases()) {
  test(`answers are as published, on ${engine.name}`, async (t) => {
    const faults: string[] = [];
    const seen = new Set<string>();
    const api = await startApi(engine, ({ method, path }, { status, body }) => {
      const found = document.faultsOf(method, path, status, body);
      if (found === undefined) {
        faults.push(`${method} ${path} is not published`);
        return;
      }
      if (status < 400) seen.add(document.operationOf(method, path) ?? '');
      for (const fault of found.slice(0, 3)) faults.push(`${method} ${path} ${status}: ${fault}`);
    });
    after(() => api.stop());
    const { admin } = api;

    /** Creates, reads, lists, changes, asks who uses it, and removes. */
    const live = async (path: string, create: Record<string, unknown>, change: Record<string, unknown>, key = 'pk') => {
      const made = await admin.post(`${path}/`, create);
      assert.equal(made.status, 201, `${path}: ${JSON.stringify(made.body)}`);
      const one = `${path}/${String(made.body[key])}/`;
      const read = await admin.get(one);
      assert.deepEqual(read.body, made.body, path);
      assert.equal((await admin.get(`${path}/?search=x`)).status, 200);
      const put = await admin.put(one, { ...create, ...change });
      assert.equal(put.status, 200, `${path}: ${JSON.stringify(put.body)}`);
      const patched = await admin.patch(one, change);
      for (const [name, value] of Object.entries(change))
        assert.deepEqual(patched.body[name], value, `${path} ${name}`);
      assert.equal((await admin.get(`${one}used_by/`)).status, 200);
      return {
        one,
        pk: made.body.pk as string,
        remove: async () => assert.equal((await admin.delete(one)).status, 204),
      };
    };

    await t.test('core', async () => {
      const user = await live('core/users', { username: 'ann', name: 'Ann' }, { email: 'ann@example.org' });
      const group = await live(
        'core/groups',
        { name: 'Readers', users: [Number(user.pk)], attributes: { a: 1 } },
        { is_superuser: false },
      );
      for (const include of ['users', 'children', 'parents', 'inherited_roles']) {
        await admin.get(`core/groups/?include_${include}=true`);
      }
      await admin.post(`${group.one}add_user/`, { pk: admin.pk });
      await admin.post(`${group.one}remove_user/`, { pk: admin.pk });
      await admin.post(`${user.one}set_password/`, { password: 'a new password for Ann' });
      await admin.post('core/users/service_account/', { name: 'robot', create_group: true });
      await admin.get('core/users/paths/');
      await admin.get('core/users/me/');
      const token = await live(
        'core/tokens',
        { identifier: 'mine', intent: 'api' },
        { description: 'x' },
        'identifier',
      );
      await admin.get(`${token.one}view_key/`);
      await admin.post(`${token.one}set_key/`, { key: 'another-key-that-is-long-enough' });
      const brand = await live('core/brands', { domain: 'b.example' }, { branding_title: 'B' }, 'brand_uuid');
      await admin.get('core/brands/current/');
      const application = await live(
        'core/applications',
        { name: 'Todo', slug: 'todo', meta_launch_url: 'https://todo.example/%(username)s' },
        { meta_description: 'x' },
        'slug',
      );
      await admin.get('core/applications/?superuser_full_list=true');
      await admin.get(`${application.one}check_access/`);
      await admin.get('core/authenticated_sessions/');
      const binding = await live(
        'policies/bindings',
        { target: application.pk, group: group.pk, order: 0 },
        { negate: true },
      );
      await admin.get(`${group.one}used_by/`);
      for (const each of [binding, application, brand, token, group, user]) await each.remove();
    });

    await t.test('flows with all their stages', async () => {
      const flow = await live(
        'flows/instances',
        { name: 'F', slug: 'f', title: 'F', designation: 'authentication' },
        { title: 'G' },
        'slug',
      );
      await admin.get(`${flow.one}execute/`);
      await admin.get('flows/instances/cache_info/');
      await admin.get('stages/all/types/');
      await admin.get('stages/all/user_settings/');
      const prompt = await live(
        'stages/prompt/prompts',
        { name: 'p', field_key: 'p', label: 'P', type: 'text' },
        { label: 'Q' },
      );
      const more: Record<string, Record<string, unknown>> = {
        password: { backends: ['authentik.core.auth.InbuiltBackend'] },
        prompt: { fields: [prompt.pk] },
        redirect: { mode: 'static', target_static: 'https://there.example' },
      };
      for (const stage of stages) {
        const name = `a ${stage.kind}`;
        const made = await live(stage.path, { name, ...more[stage.kind] }, { name: `${name} again` });
        const binding = await live(
          'flows/bindings',
          { target: flow.pk, stage: made.pk, order: 1 },
          { evaluate_on_plan: true },
        );
        await admin.get(`stages/all/${made.pk}/`);
        await admin.get(`stages/all/${made.pk}/used_by/`);
        await admin.get(`stages/all/?search=${stage.kind}`);
        await admin.get('stages/prompt/prompts/?page_size=100');
        await binding.remove();
        assert.equal((await admin.delete(`stages/all/${made.pk}/`)).status, 204);
      }
      await prompt.remove();
      await flow.remove();
    });

    await t.test('policies, mappings, providers', async () => {
      for (const policy of policies) {
        const made = await live(
          policy.path,
          { name: policy.kind, expression: 'return true', language: 'javascript' },
          { name: 'again' },
        );
        const tried = await admin.post(`policies/all/${made.pk}/test/`, { user: admin.pk });
        assert.equal(tried.body.passing, true);
        await admin.get('policies/all/');
        await made.remove();
      }
      await admin.get('policies/all/types/');
      for (const mapping of mappings) {
        const made = await live(
          mapping.path,
          { name: mapping.kind, scope_name: 's', expression: 'return { who: user.username }', language: 'javascript' },
          { description: 'x' },
        );
        const tried = await admin.post(`propertymappings/all/${made.pk}/test/`, { user: admin.pk });
        assert.deepEqual(tried.body, { result: '{"who":"akadmin"}', successful: true });
        await admin.get(`propertymappings/all/${made.pk}/`);
        await made.remove();
      }
      await admin.get('propertymappings/all/types/');
      const flows = await admin.get<{ results: { pk: string }[] }>('flows/instances/?designation=authorization');
      for (const protocol of protocols) {
        const [flow] = flows.body.results;
        const made = await live(
          protocol.path,
          {
            name: protocol.kind,
            authorization_flow: flow?.pk,
            invalidation_flow: flow?.pk,
            redirect_uris: [{ matching_mode: 'strict', url: 'https://a.example/cb' }],
          },
          { name: 'again' },
        );
        await admin.get(`providers/all/${made.pk}/`);
        await admin.post('core/applications/', { name: protocol.kind, slug: protocol.kind, provider: Number(made.pk) });
        await admin.get(`${made.one}setup_urls/`);
        await admin.get(`${made.one}preview_user/`);
        await made.remove();
      }
      await admin.get('providers/all/');
      await admin.get('providers/all/types/');
    });

    await t.test('roles, certificates, blueprints, events, system', async () => {
      const role = await live('rbac/roles', { name: 'R' }, { name: 'S' });
      await admin.post(`rbac/permissions/assigned_by_roles/${role.pk}/assign/`, {
        permissions: ['authentik_core.view_user'],
      });
      await admin.get('rbac/permissions/assigned_by_roles/?model=authentik_core.user');
      await admin.patch(`rbac/permissions/assigned_by_roles/${role.pk}/unassign/`, {
        permissions: ['authentik_core.view_user'],
      });
      const permissions = await admin.get<{ results: { id: number }[] }>('rbac/permissions/?codename=view_user');
      await admin.get(`rbac/permissions/${permissions.body.results[0]?.id}/`);
      await admin.get(`rbac/permissions/roles/?uuid=${role.pk}`);
      await admin.post(`${role.one}add_user/`, { pk: admin.pk });
      await role.remove();
      for (const alg of ['rsa', 'ecdsa', 'ed25519']) {
        const made = await admin.post('crypto/certificatekeypairs/generate/', {
          common_name: `c ${alg}`,
          subject_alt_name: 'a.example,b.example',
          validity_days: 10,
          alg,
        });
        assert.equal(made.status, 200, JSON.stringify(made.body));
        const one = `crypto/certificatekeypairs/${String(made.body.pk)}/`;
        const certificate = await admin.get(`${one}view_certificate/`);
        const key = await admin.get(`${one}view_private_key/`);
        await admin.delete(one);
        const parts = { certificate_data: certificate.body.data, key_data: key.body.data };
        const uploaded = await admin.post('crypto/certificatekeypairs/', { name: `u ${alg}`, ...parts });
        assert.equal(uploaded.body.private_key_available, true, JSON.stringify(uploaded.body));
      }
      await admin.get('crypto/certificatekeypairs/?has_key=true');
      const blueprint = await live('managed/blueprints', { name: 'B', content: 'version: 1' }, { enabled: false });
      await admin.get('managed/blueprints/available/');
      await blueprint.remove();
      await admin.post('events/events/', { action: 'custom_thing', app: 'x', context: { a: 1 } });
      const events = await admin.get<{ results: { pk: string }[] }>('events/events/?page_size=100');
      await admin.get(`events/events/${events.body.results[0]?.pk}/`);
      for (const path of ['events/events/actions/', 'events/events/volume/', 'events/events/top_per_user/']) {
        assert.equal((await admin.get(path)).status, 200, path);
      }
      for (const path of [
        'root/config/',
        'admin/version/',
        'admin/system/',
        'admin/settings/',
        'admin/apps/',
        'admin/models/',
      ]) {
        assert.equal((await admin.get(path)).status, 200, path);
      }
      const settings = await admin.patch('admin/settings/', { pagination_default_page_size: 7 });
      assert.equal(settings.body.pagination_default_page_size, 7);
      for (const path of ['access_tokens', 'refresh_tokens', 'authorization_codes']) await admin.get(`oauth2/${path}/`);
      await admin.get('core/user_consent/');
    });

    await t.test('none of it was otherwise', () => {
      assert.deepEqual([...new Set(faults)], []);
      assert.ok(seen.size > 100, `${seen.size} operations were seen`);
    });

    await t.test('the generated client reads it', async () => {
      const { configuration } = admin;
      const users = new CoreApi(configuration);
      const made = await users.coreUsersCreate({ userRequest: { username: 'client', name: 'Client' } });
      assert.equal((await users.coreUsersRetrieve({ id: made.pk })).username, 'client');
      assert.equal((await users.coreUsersMeRetrieve()).user.isSuperuser, true);
      assert.equal((await users.coreUsersList({ search: 'client' })).pagination.count, 1);
      await users.coreUsersPartialUpdate({ id: made.pk, patchedUserRequest: { name: 'Changed' } });
      await users.coreUsersDestroy({ id: made.pk });
      assert.equal((await new RootApi(configuration).rootConfigRetrieve()).cacheTimeout, 0);
      assert.equal((await new AdminApi(configuration).adminVersionRetrieve()).versionCurrent, '2026.8.3');
      assert.ok((await new FlowsApi(configuration).flowsInstancesList({})).results.length > 0);
      assert.ok((await new StagesApi(configuration).stagesAllList({})).results[0]?.flowSet);
      assert.equal((await new PoliciesApi(configuration).policiesAllList({})).results[0]?.executionLogging, false);
      assert.ok(
        (await new PropertymappingsApi(configuration).propertymappingsProviderScopeList({})).results[0]?.scopeName,
      );
      assert.ok((await new ProvidersApi(configuration).providersAllList({})).pagination);
      assert.ok((await new RbacApi(configuration).rbacPermissionsList({})).results[0]?.codename);
      assert.ok((await new CryptoApi(configuration).cryptoCertificatekeypairsList({})).results[0]?.fingerprintSha256);
      assert.ok((await new EventsApi(configuration).eventsEventsList({})).results[0]?.created instanceof Date);
      assert.deepEqual((await new ManagedApi(configuration).managedBlueprintsList({})).results, []);
    });
  });
}

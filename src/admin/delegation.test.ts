/** Nobody can give what they do not have, by whatever way. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Client, startApi } from '../../tests/admin/api.ts';
import { databases } from '../../tests/environment/databases.ts';

/** All that a person who looks after accounts may need, and no superuser. */
const HELPDESK = [
  ...['view', 'add', 'change', 'delete'].flatMap((verb) =>
    ['user', 'group', 'token', 'application'].map((model) => `authentik_core.${verb}_${model}`),
  ),
  ...['view', 'add', 'change', 'delete'].map((verb) => `authentik_rbac.${verb}_role`),
  'authentik_rbac.assign_role_permissions',
  'authentik_rbac.unassign_role_permissions',
  'authentik_core.reset_user_password',
  'authentik_core.add_user_to_group',
  'authentik_core.remove_user_from_group',
  'authentik_core.view_token_key',
  'authentik_core.set_token_key',
  'authentik_stages_user_write.add_userwritestage',
  'authentik_stages_user_write.view_userwritestage',
  'authentik_blueprints.add_blueprintinstance',
  'authentik_blueprints.view_blueprintinstance',
  'authentik_blueprints.change_blueprintinstance',
];

for (const engine of databases()) {
  test(`rights, on ${engine.name}`, async (t) => {
    const api = await startApi(engine);
    after(() => api.stop());
    const { admin, superusers } = api;
    const role = await api.role('Helpdesk', ...HELPDESK);
    const helper = await api.somebody('helper', { roles: [role] });
    const other = await api.somebody('other');
    const made = async (client: Client, path: string, body: unknown): Promise<string> => {
      const answer = await client.post(path, body);
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      return String(answer.body.pk);
    };
    const isSuperuser = async (client: Client): Promise<unknown> =>
      (await client.get<{ user: { is_superuser: boolean } }>('core/users/me/')).body.user.is_superuser;
    const refused = async (what: string, answer: Promise<{ status: number; body: unknown }>): Promise<void> => {
      const { status, body } = await answer;
      assert.equal(status, 403, `${what}: ${status} ${JSON.stringify(body)}`);
      assert.equal(await isSuperuser(helper), false, what);
      assert.equal(await isSuperuser(other), false, what);
    };

    await t.test('a helper does their work', async () => {
      const group = await made(helper, 'core/groups/', { name: 'Harmless', users: [other.pk] });
      assert.equal((await helper.post(`core/groups/${group}/add_user/`, { pk: helper.pk })).status, 204);
      const user = await made(helper, 'core/users/', { username: 'newcomer', name: 'N', groups: [group] });
      assert.equal((await helper.patch(`core/users/${user}/`, { name: 'New' })).status, 200);
      assert.equal((await helper.post(`core/users/${user}/set_password/`, { password: 'something long' })).status, 204);
      assert.equal((await helper.delete(`core/users/${user}/`)).status, 204);
    });

    await t.test('no way leads to superuser', async () => {
      const own = await made(helper, 'core/groups/', { name: 'Own', users: [helper.pk] });
      await refused('flag on a new group', helper.post('core/groups/', { name: 'x', is_superuser: true }));
      await refused('flag on a group', helper.patch(`core/groups/${own}/`, { is_superuser: true }));
      await refused('parent', helper.patch(`core/groups/${own}/`, { parents: [superusers] }));
      await refused('parent of a new group', helper.post('core/groups/', { name: 'x', parents: [superusers] }));
      await refused('members', helper.patch(`core/groups/${superusers}/`, { users: [helper.pk] }));
      await refused('add_user', helper.post(`core/groups/${superusers}/add_user/`, { pk: helper.pk }));
      await refused('remove_user', helper.post(`core/groups/${superusers}/remove_user/`, { pk: admin.pk }));
      await refused('groups of oneself', helper.patch(`core/users/${helper.pk}/`, { groups: [superusers] }));
      await refused('groups of another', helper.patch(`core/users/${other.pk}/`, { groups: [superusers] }));
      const newcomer = { username: 'x', name: 'x', groups: [superusers] };
      await refused('groups of a new person', helper.post('core/users/', newcomer));
      await refused('removing the group', helper.delete(`core/groups/${superusers}/`));
      const below = await made(admin, 'core/groups/', { name: 'Below', parents: [superusers] });
      const deeper = await made(admin, 'core/groups/', { name: 'Deeper', parents: [below] });
      await refused('a group two steps below', helper.patch(`core/users/${helper.pk}/`, { groups: [deeper] }));
      await refused('a parent two steps below', helper.patch(`core/groups/${own}/`, { parents: [deeper] }));
      await refused('add_user two steps below', helper.post(`core/groups/${deeper}/add_user/`, { pk: helper.pk }));
      const stage = { name: 'x', create_users_group: superusers };
      await refused('a stage that puts newcomers there', helper.post('stages/user_write/', stage));
      await refused('a blueprint', helper.post('managed/blueprints/', { name: 'x', content: 'version: 1' }));
    });

    await t.test('nor does the account of somebody who may more', async () => {
      const user = `core/users/${admin.pk}/`;
      await refused('password', helper.post(`${user}set_password/`, { password: 'mine now, is it?' }));
      await refused('recovery', helper.post(`${user}recovery/`, {}));
      await refused('mail address', helper.patch(user, { email: 'helper@example.org' }));
      await refused('removal', helper.delete(user));
      await refused('a token', helper.post('core/tokens/', { identifier: 'x', user: admin.pk, intent: 'api' }));
      const tokens = await admin.get<{ results: { identifier: string }[] }>(`core/tokens/?user=${admin.pk}`);
      const one = `core/tokens/${tokens.body.results[0]?.identifier}/`;
      await refused('the key of a token', helper.get(`${one}view_key/`));
      await refused('a new key', helper.post(`${one}set_key/`, { key: 'a-key-that-the-helper-knows' }));
      await refused('changing a token', helper.patch(one, { description: 'x' }));
      const mine = await helper.post('core/tokens/', { identifier: 'mine', intent: 'api' });
      assert.equal(mine.status, 201, JSON.stringify(mine.body));
      await refused('handing a token over', helper.patch('core/tokens/mine/', { user: admin.pk }));
      await refused('becoming somebody else', helper.patch('core/tokens/mine/', { user: other.pk }));
    });

    await t.test('permissions are given only by those who have them', async () => {
      const assign = (id: string, ...permissions: string[]) =>
        helper.post(`rbac/permissions/assigned_by_roles/${id}/assign/`, { permissions });
      const own = await made(helper, 'rbac/roles/', { name: 'Own' });
      assert.equal((await assign(own, 'authentik_core.view_user')).status, 200);
      await refused('a permission beyond', assign(own, 'authentik_brands.view_brand'));
      await refused('a permission beyond, to one’s own role', assign(role, 'authentik_flows.change_flow'));
      assert.equal((await assign(own, 'authentik_core.become_god')).status, 400);
      const strong = await made(admin, 'rbac/roles/', { name: 'Strong' });
      await admin.post(`rbac/permissions/assigned_by_roles/${strong}/assign/`, {
        permissions: ['authentik_brands.change_brand'],
      });
      await refused('a stronger role', helper.patch(`core/users/${helper.pk}/`, { roles: [strong] }));
      await refused('add_user', helper.post(`rbac/roles/${strong}/add_user/`, { pk: other.pk }));
      await refused('through a group', helper.post('core/groups/', { name: 'y', roles: [strong] }));
      const holder = await made(admin, 'core/groups/', { name: 'Holder', roles: [strong] });
      await refused('through a parent', helper.post('core/groups/', { name: 'y', parents: [holder] }));
    });

    await t.test('without permissions there is nothing to see', async () => {
      const resources = ['core/users', 'core/groups', 'rbac/roles', 'flows/instances', 'stages/all', 'policies/all'];
      const more = [
        'propertymappings/all',
        'crypto/certificatekeypairs',
        'core/brands',
        'events/events',
        'admin/system',
      ];
      for (const path of [...resources, ...more, 'admin/settings', 'managed/blueprints', 'events/events/volume']) {
        assert.equal((await other.get(`${path}/`)).status, 403, path);
        if (path !== 'admin/settings') assert.equal((await other.post(`${path}/`, {})).status >= 403, true, path);
      }
      assert.equal((await other.get(`core/users/${admin.pk}/`)).status, 403);
      assert.equal((await other.get(`core/users/${other.pk}/used_by/`)).status, 403);
      assert.equal((await other.patch('admin/settings/', { avatars: 'x' })).status, 403);
      assert.equal((await other.get('core/users/me/')).status, 200);
      const tokens = await other.get<{ results: { identifier: string }[] }>('core/tokens/');
      assert.deepEqual(
        tokens.body.results.map((each) => each.identifier),
        ['of-other'],
        'their own keys are theirs',
      );
      assert.equal((await other.get('core/tokens/of-helper/')).status, 404);
      assert.equal((await other.get('core/tokens/of-helper/view_key/')).status, 404);
      const own = await other.get('core/tokens/of-other/view_key/');
      assert.equal(own.body.key, other.token);
      for (const intent of ['recovery', 'verification']) {
        assert.equal((await other.patch('core/tokens/of-other/', { intent })).status, 403, intent);
        assert.equal((await other.post('core/tokens/', { identifier: intent, intent })).status, 403, intent);
        await admin.post('core/tokens/', { identifier: `their-${intent}`, intent, user: other.pk });
        assert.equal((await other.get(`core/tokens/their-${intent}/view_key/`)).status, 404, intent);
      }
      assert.equal((await other.patch('core/tokens/of-other/', { managed: 'x' })).status, 403);
      assert.equal((await other.patch('core/tokens/of-other/', { description: 'mine' })).status, 200);
      const key = { identifier: 'for-helper', user: helper.pk, intent: 'api' };
      assert.equal((await other.post('core/tokens/', key)).status, 403);
    });

    await t.test('who may read may not write, and one object is not all', async () => {
      const reader = await api.somebody('reader', {
        roles: [await api.role('Readers', 'authentik_core.view_user', 'authentik_core.view_group')],
      });
      assert.equal((await reader.get('core/users/')).status, 200);
      for (const answer of [
        await reader.post('core/users/', { username: 'x', name: 'x' }),
        await reader.patch(`core/users/${other.pk}/`, { name: 'x' }),
        await reader.put(`core/users/${other.pk}/`, { username: 'x', name: 'x' }),
        await reader.delete(`core/users/${other.pk}/`),
        await reader.post(`core/users/${other.pk}/set_password/`, { password: 'something long' }),
        await reader.post('core/users/service_account/', { name: 'x' }),
        await reader.patch(`core/users/${reader.pk}/`, { name: 'x' }),
      ]) {
        assert.equal(answer.status, 403);
      }
      const single = await made(admin, 'rbac/roles/', { name: 'One group' });
      const [mine, foreign] = [
        await made(admin, 'core/groups/', { name: 'Mine' }),
        await made(admin, 'core/groups/', { name: 'Foreign' }),
      ];
      const given = await admin.post(`rbac/permissions/assigned_by_roles/${single}/assign/`, {
        permissions: ['authentik_core.view_group', 'authentik_core.change_group'],
        model: 'authentik_core.group',
        object_pk: mine,
      });
      assert.equal(given.status, 200, JSON.stringify(given.body));
      const keeper = await api.somebody('keeper', { roles: [single] });
      const seen = await keeper.get<{ results: { name: string }[] }>('core/groups/');
      assert.deepEqual(
        seen.body.results.map((each) => each.name),
        ['Mine'],
      );
      assert.equal((await keeper.patch(`core/groups/${mine}/`, { attributes: { a: 1 } })).status, 200);
      assert.equal((await keeper.get(`core/groups/${foreign}/`)).status, 404);
      assert.equal((await keeper.patch(`core/groups/${foreign}/`, { name: 'x' })).status, 404);
      assert.equal((await keeper.delete(`core/groups/${mine}/`)).status, 403);
      assert.equal((await keeper.post('core/groups/', { name: 'x' })).status, 403);
    });
  });
}

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after as afterAll, before as beforeAll, describe, test } from 'node:test';
import { openTestCore, type TestCore } from '../../tests/environment/core.ts';
import { databases } from '../../tests/environment/databases.ts';
import { models } from '../app/models.ts';
import { bootstrap } from '../core/bootstrap.ts';
import type { Core } from '../core/core.ts';
import type { Declaration } from '../core/declaration.ts';
import { applicationModel, brandModel } from '../core/models/access.ts';
import { flowModel } from '../core/models/flow.ts';
import { groupModel, userModel } from '../core/models/people.ts';
import { findObject } from '../core/objects.ts';
import { managedScopes } from '../mappings/scope/managed.ts';
import { oauth2Model } from '../protocols/oauth2/oauth2.settings.ts';
import { type Blueprints, makeBlueprints } from './blueprints.ts';
import { shippedBlueprints } from './shipped.ts';

const EXAMPLE = join(import.meta.dirname, '../../examples/todo/blueprint.yaml');
/** Slug of each flow, and the stages in it by their order. */
const expected: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  'default-authentication-flow': {
    10: 'default-authentication-identification',
    20: 'default-authentication-password',
    100: 'default-authentication-login',
  },
  'default-invalidation-flow': { 0: 'default-invalidation-logout' },
  'default-provider-invalidation-flow': {},
  'default-provider-authorization-implicit-consent': {},
  'default-provider-authorization-explicit-consent': { 0: 'default-provider-authorization-consent' },
  'default-password-change': { 0: 'default-password-change-prompt', 1: 'default-password-change-write' },
  'default-user-settings-flow': { 20: 'default-user-settings', 100: 'default-user-settings-write' },
  'initial-setup': {
    10: 'stage-default-oobe-password',
    20: 'default-password-change-write',
    100: 'default-authentication-login',
  },
};

/** The provider of the example is named here, so that this test does not depend on which protocols are registered. */
const everything = (): readonly Declaration[] => [
  ...models().filter((each) => each.model !== oauth2Model.model),
  oauth2Model as unknown as Declaration,
];

for (const engine of databases()) {
  describe(`the shipped blueprints on ${engine.name}`, () => {
    let open: TestCore;
    let core: Core;
    let blueprints: Blueprints;
    const start = async (): Promise<boolean> => {
      const shipped = await shippedBlueprints();
      blueprints = makeBlueprints({ core, models: everything(), shipped });
      return bootstrap(core, { applyDefaults: (first) => blueprints.apply(shipped, { first }) });
    };
    beforeAll(async () => {
      open = await openTestCore(engine);
      core = open.core;
      assert.equal(await start(), true);
    });
    afterAll(() => open.close());
    const find = (declaration: Declaration, where: Record<string, string | number>) =>
      findObject(core.database.read, declaration, where);

    test('make the flows with their stages in order', async () => {
      const bindings = await core.database.read
        .selectFrom('flow_stage_bindings as b')
        .innerJoin('flows as f', 'f.id', 'b.flow_id')
        .innerJoin('stages as s', 's.id', 'b.stage_id')
        .select(['f.slug', 'b.position', 's.name'])
        .execute();
      const flows = await core.database.read.selectFrom('flows').select('slug').execute();
      const made = Object.fromEntries(
        flows.map(({ slug }) => [
          slug,
          Object.fromEntries(bindings.filter((each) => each.slug === slug).map((each) => [each.position, each.name])),
        ]),
      );
      assert.deepEqual(made, expected);
    });

    test('nobody who is not an administrator can start the set-up as a flow', async () => {
      const setup = await findObject(core.database.read, flowModel, { slug: 'initial-setup' });
      assert.equal(setup?.values.authentication, 'require_superuser');
    });

    test('make the default brand with its flows, and the group of administrators', async () => {
      const brand = await findObject(core.database.read, brandModel, { domain: 'authentik-default' });
      const flow = async (slug: string) => (await findObject(core.database.read, flowModel, { slug }))?.id;
      assert.equal(brand?.values.default, true);
      assert.equal(brand?.values.flow_authentication, await flow('default-authentication-flow'));
      assert.equal(brand?.values.flow_invalidation, await flow('default-invalidation-flow'));
      assert.equal(brand?.values.flow_user_settings, await flow('default-user-settings-flow'));
      const group = await findObject(core.database.read, groupModel, { name: 'authentik Admins' });
      assert.equal(group?.values.is_superuser, true);
    });

    test('make a mapping for each scope that runs in the program itself', async () => {
      const rows = await core.database.read.selectFrom('property_mappings').select('managed').execute();
      assert.deepEqual(new Set(rows.map((row) => row.managed)), new Set(Object.keys(managedScopes)));
    });

    test('a later start leaves alone what an administrator changed or removed', async () => {
      const { applied } = await blueprints.apply({
        name: 'change.yaml',
        trusted: false,
        text: `version: 1
entries:
  - {model: authentik_flows.flow, identifiers: {slug: default-authentication-flow}, attrs: {title: Ours}}
  - {model: authentik_flows.flow, state: absent, identifiers: {slug: default-provider-invalidation-flow}}
`,
      });
      assert.deepEqual(
        applied.map((each) => each.state),
        ['updated', 'deleted'],
      );
      assert.equal(await start(), false);
      assert.equal(
        (await find(flowModel as unknown as Declaration, { slug: 'default-authentication-flow' }))?.values.title,
        'Ours',
      );
      assert.equal(
        await find(flowModel as unknown as Declaration, { slug: 'default-provider-invalidation-flow' }),
        undefined,
      );
    });

    test('applied by hand they bring back what is missing and change nothing else', async () => {
      const { applied } = await blueprints.apply(await shippedBlueprints());
      const changed = applied.filter((each) => each.state !== 'unchanged');
      assert.deepEqual(
        changed.map((each) => [each.model, each.state]),
        [['authentik_flows.flow', 'created']],
      );
      assert.equal(
        (await find(flowModel as unknown as Declaration, { slug: 'default-authentication-flow' }))?.values.title,
        'Ours',
      );
    });

    test('a flow is written as a blueprint that makes it again', async () => {
      const flow = await findObject(core.database.read, flowModel, { slug: 'default-user-settings-flow' });
      const text = await blueprints.write([{ model: flowModel.model, id: flow?.id ?? '' }]);
      const source = { name: 'written.yaml', text, trusted: false };
      const here = await blueprints.apply(source);
      assert.ok(here.applied.every((each) => each.state === 'unchanged'));
      const empty = await openTestCore(engine);
      try {
        const elsewhere = makeBlueprints({ core: empty.core, models: everything() });
        const { applied } = await elsewhere.apply(source);
        assert.deepEqual(
          applied.map((each) => each.model).toSorted(),
          here.applied.map((each) => each.model).toSorted(),
        );
        assert.ok(applied.every((each) => each.state === 'created'));
        assert.equal(applied.filter((each) => each.model === 'authentik_stages_prompt.prompt').length, 4);
        const again = await findObject(empty.core.database.read, flowModel, { slug: 'default-user-settings-flow' });
        assert.deepEqual(again?.values, flow?.values);
      } finally {
        await empty.close();
      }
    });

    test('the todo example makes its provider, application and people, and is idempotent', async () => {
      const source = { name: 'todo.yaml', text: await readFile(EXAMPLE, 'utf8'), trusted: false };
      const first = await blueprints.apply(source);
      assert.ok(first.applied.every((each) => each.state === 'created'));
      const second = await blueprints.apply(source);
      assert.ok(second.applied.every((each) => each.state === 'unchanged'));
      const application = await findObject(core.database.read, applicationModel, { slug: 'todo-app' });
      const provider = await findObject(core.database.read, oauth2Model, { name: 'todo-api-provider' });
      assert.equal(application?.values.provider, provider?.pk);
      assert.equal(provider?.values.property_mappings.length, 4);
      assert.ok(provider.values.signing_key);
      const ann = await findObject(core.database.read, userModel, { username: 'ann' });
      const ben = await findObject(core.database.read, userModel, { username: 'ben' });
      assert.notDeepEqual(ann?.values.groups, ben?.values.groups);
      const bindings = await core.database.read
        .selectFrom('policy_bindings')
        .select('group_id')
        .where('target_id', '=', application?.id ?? '')
        .execute();
      assert.deepEqual(
        new Set(bindings.map((each) => each.group_id)),
        new Set([...(ann?.values.groups ?? []), ...(ben?.values.groups ?? [])]),
      );
    });
  });
}

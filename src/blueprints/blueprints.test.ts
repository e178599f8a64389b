import assert from 'node:assert/strict';
import { after as afterAll, before as beforeAll, describe, test } from 'node:test';
import { type BlueprintTest, noteStage, openBlueprintTest } from '../../tests/environment/blueprints.ts';
import { databases } from '../../tests/environment/databases.ts';
import { tokenModel } from '../core/models/people.ts';
import { findObject } from '../core/objects.ts';
import { createSession, sessionByToken } from '../core/sessions.ts';
import { readTokenKey } from '../core/tokens.ts';
import { passwordHashOf } from '../core/users.ts';
import { makeBlueprints } from './blueprints.ts';
import { BlueprintFault } from './fault.ts';

const shipped = [
  {
    name: 'shipped.yaml',
    trusted: true,
    text: 'version: 1\nmetadata: {name: A shipped one}\nentries: [{model: authentik_core.group, identifiers: {name: shipped}}]',
  },
];

for (const engine of databases()) {
  describe(`blueprints on ${engine.name}`, () => {
    let here: BlueprintTest;
    beforeAll(async () => {
      here = await openBlueprintTest(engine, shipped);
    });
    afterAll(() => here.close());

    const flow = `  - model: authentik_flows.flow
    id: flow
    identifiers: {slug: my-flow}
    attrs: {name: My flow, title: Hello, designation: authentication}
  - model: test_stages.note
    id: note
    identifiers: {name: my-note}
    attrs: {words: !Context [words, some], key: sealed words}
  - model: authentik_flows.flowstagebinding
    identifiers: {target: !KeyOf flow, stage: !KeyOf note, order: 10}
  - model: authentik_core.group
    id: staff
    identifiers: {name: staff}
    attrs: {attributes: {floor: 2}}
  - model: authentik_policies.policybinding
    identifiers: {target: !KeyOf flow, group: !KeyOf staff}
    attrs: {order: 0}
  - model: authentik_brands.brand
    identifiers: {domain: example.org}
    attrs: {flow_authentication: !Find [authentik_flows.flow, [slug, my-flow]]}
`;

    test('makes objects that name each other, and does nothing the second time', async () => {
      assert.deepEqual(await here.states(flow), Array(6).fill('created'));
      const before = await here.core.database.read.selectFrom('objects').selectAll().orderBy('id').execute();
      const events = await here.core.database.read.selectFrom('events').select('id').execute();
      here.open.wait(1000);
      assert.deepEqual(await here.states(flow), Array(6).fill('unchanged'));
      assert.deepEqual(await here.core.database.read.selectFrom('objects').selectAll().orderBy('id').execute(), before);
      assert.equal((await here.core.database.read.selectFrom('events').select('id').execute()).length, events.length);
    });

    test('changes only what differs', async () => {
      assert.deepEqual(await here.states(flow, { context: { words: 'others' } }), [
        'unchanged',
        'updated',
        ...Array(4).fill('unchanged'),
      ]);
      const note = await findObject(here.core.database.read, noteStage, { name: 'my-note' });
      assert.equal(note?.values.words, 'others');
    });

    test('a secret that differs is a change, and is stored sealed', async () => {
      const entry = (key: string) =>
        `  - {model: test_stages.note, identifiers: {name: my-note}, attrs: {key: ${key}}}\n`;
      assert.deepEqual(await here.states(entry('sealed words')), ['unchanged']);
      assert.deepEqual(await here.states(entry('other words')), ['updated']);
      const rows = await here.core.database.read.selectFrom('secrets').select('sealed').execute();
      assert.equal(
        rows.some(({ sealed }) => sealed.includes('words')),
        false,
      );
    });

    test('the four states', async () => {
      const entry = (state: string, superuser: boolean) =>
        `  - {model: authentik_core.group, state: ${state}, identifiers: {name: four}, attrs: {is_superuser: ${superuser}}}\n`;
      assert.deepEqual(await here.states(entry('absent', true)), []);
      assert.deepEqual(await here.states(entry('must_created', false)), ['created']);
      await here.refused(entry('must_created', false), 3, /there already/);
      assert.deepEqual(await here.states(entry('created', true)), ['unchanged']);
      assert.equal((await here.group('four'))?.values.is_superuser, false);
      assert.deepEqual(await here.states(entry('present', true)), ['updated']);
      assert.deepEqual(await here.states(entry('absent', true)), ['deleted']);
      assert.equal(await here.group('four'), undefined);
      await here.refused(entry('perhaps', true), 3, /the state is one of/);
    });

    test('what closes a door does not go before its binding', async () => {
      const group = '  - {model: authentik_core.group, state: absent, identifiers: {name: staff}}\n';
      await here.refused(group, 3, /without it everybody could/);
      const binding = `  - model: authentik_policies.policybinding
    state: absent
    identifiers:
      target: !Find [authentik_flows.flow, [slug, my-flow]]
      group: !Find [authentik_core.group, [name, staff]]
`;
      assert.deepEqual(await here.states(`${binding}${group}`), ['deleted', 'deleted']);
      assert.deepEqual(await here.states(flow), [
        'unchanged',
        'updated',
        'unchanged',
        'created',
        'created',
        'unchanged',
      ]);
    });

    test('entries whose conditions do not hold are left out', async () => {
      const entry = (condition: string) =>
        `  - {model: authentik_core.group, id: maybe, conditions: [true, ${condition}], identifiers: {name: maybe}}\n`;
      assert.deepEqual(await here.states(entry('!Context [wanted, false]')), []);
      assert.deepEqual(await here.states(entry('!Context goauthentik.io/enterprise/licensed')), []);
      await here.refused(
        `${entry('0')}  - {model: authentik_core.group, identifiers: {name: !KeyOf maybe}}\n`,
        4,
        /id maybe/,
      );
      assert.deepEqual(await here.states(entry('!Context wanted'), { context: { wanted: 'yes' } }), ['created']);
    });

    test('sections of entries are applied in order', async () => {
      const source = `version: 1
entries:
  people:
    - {model: authentik_core.group, id: g, identifiers: {name: in-section}}
  later:
    - {model: authentik_core.user, identifiers: {username: sue}, attrs: {groups: [!KeyOf g]}}
`;
      const { applied } = await here.blueprints.apply({ name: 'b.yaml', text: source, trusted: false });
      assert.deepEqual(
        applied.map((each) => each.model),
        ['authentik_core.group', 'authentik_core.user'],
      );
      assert.equal(applied[1]?.key, (await here.user('sue'))?.pk);
    });

    test('people get passwords, which are hashed once and not again', async () => {
      const entry = `  - {model: authentik_core.user, identifiers: {username: ann}, attrs: {name: Ann, password: correct horse}}\n`;
      assert.deepEqual(await here.states(entry), ['created']);
      const pk = (await here.user('ann'))?.pk as number;
      const hash = await passwordHashOf(here.core.database.read, pk);
      assert.equal((await here.core.passwords.verify('correct horse', hash ?? undefined)).valid, true);
      assert.deepEqual(await here.states(entry), ['unchanged']);
      assert.equal(await passwordHashOf(here.core.database.read, pk), hash);
      assert.deepEqual(await here.states(entry.replace('horse', 'donkey')), ['updated']);
      const other = `  - {model: authentik_blueprints.metausersetpassword, attrs: {user: !Find [authentik_core.user, [username, ANN]], password: third one}}\n`;
      assert.deepEqual(await here.states(other), ['updated']);
      assert.deepEqual(await here.states(other), ['unchanged']);
      const last = await passwordHashOf(here.core.database.read, pk);
      assert.equal((await here.core.passwords.verify('third one', last ?? undefined)).valid, true);
    });

    test('a new password ends the sessions of the old one, and so does switching the account off', async () => {
      const pk = (await here.user('ann'))?.pk as number;
      const signIn = () =>
        here.core.database.write((transaction) =>
          createSession(transaction, here.core.now(), {
            userPk: pk,
            lifetimeMilliseconds: 60_000,
            methods: ['pwd'],
            address: '127.0.0.1',
            userAgent: '',
            binding: {},
          }),
        );
      const live = async (token: string) =>
        (await sessionByToken(here.core.database, here.core.now(), token)) !== undefined;
      const entry = (attrs: string) =>
        `  - {model: authentik_core.user, identifiers: {username: ann}, attrs: {${attrs}}}\n`;
      const first = await signIn();
      await here.states(entry('name: Ann Other'));
      assert.equal(await live(first.token), true);
      await here.states(entry('password: fourth one'));
      assert.equal(await live(first.token), false);
      const second = await signIn();
      await here.states(entry('is_active: false'));
      const left = await here.core.database.read
        .selectFrom('sessions')
        .select('id')
        .where('id', '=', second.id)
        .execute();
      assert.deepEqual(left, []);
      assert.deepEqual(await here.states(entry('is_active: true')), ['updated']);
    });

    test('a password is told in no fault and in no event', async () => {
      const entry = `  - {model: authentik_core.user, identifiers: {username: bob}, attrs: {password: [very hidden]}}\n`;
      await assert.rejects(
        here.states(entry),
        (fault) => fault instanceof BlueprintFault && !fault.message.includes('hidden'),
      );
      await assert.rejects(
        here.states(
          '  - {model: authentik_core.user, identifiers: {username: bob}, attrs: {type: very hidden, password: very hidden}}\n',
        ),
        (fault) => !JSON.stringify(fault).includes('hidden') && fault instanceof BlueprintFault,
      );
      const events = await here.core.database.read.selectFrom('events').select('context').execute();
      assert.equal(
        events.some(({ context }) => /horse|donkey|third/.test(context)),
        false,
      );
    });

    test('tokens have the key that is given', async () => {
      const entry = `  - {model: authentik_core.token, identifiers: {identifier: robot}, attrs: {user: !Find [authentik_core.user, [username, ann]], key: a key for the robot of tests}}\n`;
      assert.deepEqual(await here.states(entry), ['created']);
      assert.deepEqual(await here.states(entry), ['unchanged']);
      assert.deepEqual(await here.states(entry.replace('a key', 'another key')), ['updated']);
      const token = await findObject(here.core.database.read, tokenModel, { identifier: 'robot' });
      assert.equal(
        await readTokenKey(here.core.sealer, here.core.database.read, token?.id ?? ''),
        'another key for the robot of tests',
      );
      await here.refused(entry.replace('a key for the robot of tests', 'short'), 3, /at least 16/);
    });

    test('roles get permissions on one object', async () => {
      const entry = `  - {model: authentik_rbac.role, id: role, identifiers: {name: readers}}
  - {model: authentik_core.group, identifiers: {name: staff}, permissions: [{permission: view_group, role: !KeyOf role}]}\n`;
      assert.deepEqual(await here.states(entry), ['created', 'updated']);
      assert.deepEqual(await here.states(entry), ['unchanged', 'unchanged']);
      const rows = await here.core.database.read.selectFrom('role_permissions').selectAll().execute();
      assert.deepEqual(
        rows.map((row) => [row.permission, row.object_id]),
        [['authentik_core.view_group', (await here.group('staff'))?.id]],
      );
    });

    test('another blueprint is included by its name', async () => {
      const entry = (name: string, required: boolean) =>
        `  - {model: authentik_blueprints.metaapplyblueprint, attrs: {identifiers: {name: ${name}}, required: ${required}}}\n`;
      assert.deepEqual(await here.states(entry('A shipped one', true)), ['created']);
      assert.deepEqual(await here.states(entry('Nobody knows it', false)), []);
      await here.refused(entry('Nobody knows it', true), 3, /is not there/);
    });

    test('two at once leave one object', async () => {
      // On SQLite two processes wait for each other; inside one process that wait would never end.
      const second = makeBlueprints({
        core: engine.name === 'sqlite' ? here.core : await here.open.another(),
        models: here.models,
      });
      const text = 'version: 1\nentries: [{model: authentik_core.group, identifiers: {name: raced}}]';
      const source = { name: 'race.yaml', text, trusted: false };
      const ends = await Promise.allSettled([here.blueprints.apply(source), second.apply(source)]);
      assert.ok(ends.some((end) => end.status === 'fulfilled'));
      for (const end of ends) if (end.status === 'rejected') assert.match(String(end.reason), /already exists/);
      const rows = await here.core.database.read
        .selectFrom('groups')
        .select('id')
        .where('name', '=', 'raced')
        .execute();
      assert.equal(rows.length, 1);
    });
  });
}

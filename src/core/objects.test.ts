import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openTestCore, type TestCore } from '../../tests/environment/core.ts';
import { databases } from '../../tests/environment/databases.ts';
import { attributes, declare, defaultOf, type Declaration, nullableText, text } from './declaration.ts';
import { Fault } from './fault.ts';
import { applicationModel, brandModel, policyBindingModel } from './models/access.ts';
import { blueprintModel } from './models/blueprint.ts';
import { certificateModel } from './models/certificate.ts';
import { flowModel, flowStageBindingModel } from './models/flow.ts';
import { groupModel, roleModel, tokenModel, userModel } from './models/people.ts';
import { findObject, insertObject, type StoredObject, updateObject } from './objects.ts';
import { removeObject } from './removal.ts';
import { readSecret } from './secrets.ts';
import { createToken } from './tokens.ts';
import { createUser } from './users.ts';

const stageModel = declare({
  model: 'tests.stage',
  table: 'stages',
  kind: 'tests',
  verboseName: 'Test Stage',
  verboseNamePlural: 'Test Stages',
  fields: {
    name: text({ min: 1, column: 'name', keyColumn: 'name_key' }),
    // What is null stays null, though the default is another.
    words: nullableText({ default: 'the default' }),
    more: text({ default: 'more' }),
    extra: attributes(),
  },
});
const providerModel = declare({
  model: 'tests.provider',
  table: 'providers',
  kind: 'tests',
  verboseName: 'Test Provider',
  verboseNamePlural: 'Test Providers',
  fields: {
    name: text({ min: 1, column: 'name', keyColumn: 'name_key' }),
    client_id: text({ column: 'client_id' }),
    client_secret: text({ default: '', secret: true }),
  },
});
const all = [
  applicationModel,
  brandModel,
  policyBindingModel,
  blueprintModel,
  certificateModel,
  flowModel,
  flowStageBindingModel,
  groupModel,
  roleModel,
  tokenModel,
  userModel,
  stageModel,
  providerModel,
] as readonly Declaration[];

const NOWHERE = '00000000-0000-4000-8000-000000000000';

for (const engine of databases()) {
  describe(`the store of objects on ${engine.name}`, () => {
    let tested: TestCore;
    before(async () => {
      tested = await openTestCore(engine);
    });
    after(() => tested.close());

    const make = (declaration: Declaration, values: Record<string, unknown>): Promise<StoredObject> =>
      tested.core.database.write((transaction) => insertObject(tested.core, transaction, declaration, values));
    const change = (declaration: Declaration, id: string, values: Record<string, unknown>): Promise<StoredObject> =>
      tested.core.database.write((transaction) => updateObject(tested.core, transaction, declaration, id, values));
    const find = (declaration: Declaration, id: string) => findObject(tested.core.database.read, declaration, { id });
    /** Runs what must be refused as invalid, and returns the messages by field. */
    const refused = async (run: Promise<unknown>): Promise<Readonly<Record<string, readonly string[]>>> => {
      const fault = await run.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      assert.ok(fault instanceof Fault && fault.code === 'invalid', String(fault));
      return fault.fields ?? {};
    };
    const user = (username: string, more: object = {}) =>
      tested.core.database.write((transaction) => createUser(tested.core, transaction, { username, ...more }));

    it('gives back what each model was given, and the defaults for the rest', async () => {
      const group = await make(groupModel, { name: 'Makers' });
      const role = await make(roleModel, { name: 'Readers' });
      const person = await user('Ann', { groups: [group.id], roles: [role.id], attributes: { a: [1, { b: null }] } });
      const flow = await make(flowModel, { name: 'In', slug: 'in', title: 'In', designation: 'authentication' });
      const stage = await make(stageModel, { name: 'First', extra: { deep: { list: [true, 'ü', 1.5] } } });
      const provider = await make(providerModel, { name: 'Door', client_id: 'door' });
      const back = await make(providerModel, { name: 'Back door', client_id: 'back' });
      const certificate = await make(certificateModel, {
        name: 'Key',
        certificate_data: 'certificate',
        key_data: 'a private key',
        cert_expiry: '2030-01-02T03:04:05.000Z',
      });
      const application = {
        name: 'Todo',
        slug: 'todo',
        provider: provider.pk,
        backchannel_providers: [back.pk, provider.pk],
        meta_hide: true,
      };
      const cases: [Declaration, Record<string, unknown>][] = [
        [applicationModel, application],
        [
          brandModel,
          { domain: 'example.org', default: true, flow_recovery: flow.id, client_certificates: [certificate.id] },
        ],
        [policyBindingModel, { target: flow.id, group: group.id, order: 3, negate: true, enabled: false }],
        [policyBindingModel, { target: flow.id, user: person.pk, order: -1 }],
        [flowStageBindingModel, { target: flow.id, stage: stage.id, order: 10 }],
        [blueprintModel, { name: 'Mine', content: 'x'.repeat(100_000), context: { a: 1 } }],
        [
          groupModel,
          { name: 'Testers', parents: [group.id], users: [person.pk], roles: [role.id], is_superuser: true },
        ],
      ];
      for (const [declaration, values] of cases) {
        const made = await make(declaration, values);
        const stored = await find(declaration, made.id);
        assert.deepEqual(stored, made);
        for (const [name, field] of Object.entries(declaration.fields)) {
          if (field.secret) assert.ok(!(name in made.values), name);
          else
            assert.deepEqual(
              made.values[name],
              values[name] ?? defaultOf(field) ?? null,
              `${declaration.model} ${name}`,
            );
        }
      }
      assert.equal(certificate.values.cert_expiry, '2030-01-02T03:04:05.000Z');
      assert.equal(
        await readSecret(tested.core.sealer, tested.core.database.read, certificate.id, 'key_data'),
        'a private key',
      );
      assert.deepEqual(stage.values.extra, { deep: { list: [true, 'ü', 1.5] } });
      const again = await findObject(tested.core.database.read, userModel, { username_key: 'ann' });
      assert.deepEqual(again?.values.attributes, { a: [1, { b: null }] });
      assert.deepEqual(again?.values.groups.length, 2);
      const { token } = await tested.core.database.write((transaction) =>
        createToken(tested.core, transaction, { identifier: 'machine', user: person.pk as number, expiring: false }),
      );
      assert.deepEqual((await find(tokenModel, token.id))?.values, token.values);
    });

    it('a change keeps what it does not name, and what is null stays null', async () => {
      const stage = await make(stageModel, { name: 'Kept', words: null, more: 'set' });
      tested.wait(1000);
      const changed = await change(stageModel, stage.id, { name: 'Renamed', more: undefined });
      assert.deepEqual(changed.values, { name: 'Renamed', words: null, more: 'set', extra: {} });
      await assert.rejects(change(stageModel, NOWHERE, { name: 'Nobody' }), { code: 'not_found' });
    });

    it('two changes of different settings at once are both kept', async () => {
      const stage = await make(stageModel, { name: 'Busy' });
      for (let round = 0; round < 5; round += 1) {
        await Promise.all([
          change(stageModel, stage.id, { words: `words ${round}` }),
          change(stageModel, stage.id, { more: `more ${round}` }),
          change(stageModel, stage.id, { extra: { round } }),
        ]);
        const { values } = (await find(stageModel, stage.id)) as StoredObject;
        assert.deepEqual(values, { name: 'Busy', words: `words ${round}`, more: `more ${round}`, extra: { round } });
      }
    });

    it('names the field whose value is taken, whatever the value says', async () => {
      const values = { slug: 'slug', name: 'slug', title: 'x', designation: 'recovery' };
      await make(flowModel, values);
      assert.deepEqual(await refused(make(flowModel, values)), { slug: ['Flow with this slug already exists.'] });
      await make(providerModel, { name: 'client_id', client_id: 'one' });
      assert.deepEqual(Object.keys(await refused(make(providerModel, { name: 'CLIENT_ID', client_id: 'two' }))), [
        'name',
      ]);
      assert.deepEqual(Object.keys(await refused(make(providerModel, { name: 'new', client_id: 'one' }))), [
        'client_id',
      ]);
      await user('bob');
      assert.deepEqual(Object.keys(await refused(user('ＢＯＢ'))), ['username']);
      const flow = await make(flowModel, { ...values, slug: 'twice' });
      const stage = await make(stageModel, { name: 'Twice' });
      const binding = { target: flow.id, stage: stage.id, order: 0 };
      await make(flowStageBindingModel, binding);
      assert.deepEqual(await refused(make(flowStageBindingModel, binding)), {
        non_field_errors: ['The fields target, stage, order must make a unique set.'],
      });
      const other = await make(stageModel, { name: 'Other' });
      assert.deepEqual(Object.keys(await refused(change(stageModel, other.id, { name: 'twice' }))), ['name']);
    });

    it('refuses to point at nothing, and leaves nothing behind', async () => {
      const count = async () => (await tested.core.database.read.selectFrom('objects').select('id').execute()).length;
      const earlier = await count();
      const cases: [Declaration, Record<string, unknown>, string][] = [
        [applicationModel, { name: 'A', slug: 'a', provider: 9999 }, 'provider'],
        [applicationModel, { name: 'A', slug: 'a', backchannel_providers: [9999] }, 'backchannel_providers'],
        [brandModel, { domain: 'a', flow_recovery: NOWHERE }, 'flow_recovery'],
        [brandModel, { domain: 'a', client_certificates: [NOWHERE] }, 'client_certificates'],
        [policyBindingModel, { target: NOWHERE, order: 0 }, 'target'],
        [groupModel, { name: 'A', users: [9999] }, 'users'],
        [groupModel, { name: 'A', parents: [NOWHERE] }, 'parents'],
      ];
      for (const [declaration, values, field] of cases)
        assert.deepEqual(Object.keys(await refused(make(declaration, values))), [field]);
      assert.equal(await count(), earlier);
    });

    it('lets nobody delete what another needs', async () => {
      const provider = await make(providerModel, { name: 'Needed', client_id: 'needed' });
      const flow = await make(flowModel, { name: 'N', slug: 'needed', title: 'N', designation: 'recovery' });
      await make(applicationModel, { name: 'N', slug: 'needed', provider: provider.pk });
      const brand = await make(brandModel, { domain: 'needed.example', flow_recovery: flow.id });
      const bare = (table: 'providers' | 'flows' | 'objects', id: string) =>
        tested.core.database.write((transaction) => transaction.deleteFrom(table).where('id', '=', id).execute());
      await assert.rejects(bare('providers', provider.id));
      await assert.rejects(
        tested.core.database.write(async (transaction) => {
          await transaction.deleteFrom('flows').where('id', '=', flow.id).execute();
          await transaction.deleteFrom('objects').where('id', '=', flow.id).execute();
        }),
      );
      assert.ok(await find(flowModel, flow.id));
      // The door for it clears what may be cleared.
      await tested.core.database.write((transaction) =>
        removeObject(tested.core.database, transaction, all, flowModel, flow.id),
      );
      assert.equal((await find(brandModel, brand.id))?.values.flow_recovery, null);
      assert.equal(await find(flowModel, flow.id), undefined);
    });

    it('takes no NUL, which PostgreSQL could not store', async () => {
      for (const declaration of all) {
        for (const [name, field] of Object.entries(declaration.fields)) {
          for (const value of ['a\0b', { a: 'b\0' }]) {
            const read = field.schema().safeParse(value);
            assert.ok(!read.success, `${declaration.model} ${name} takes ${JSON.stringify(value)}`);
          }
        }
      }
      // A backslash before the letters is no NUL.
      assert.ok(attributes().schema().safeParse({ a: '\\u0000' }).success);
      assert.equal(await findObject(tested.core.database.read, flowModel, { slug: 'a\0' }), undefined);
    });
  });
}

import assert from 'node:assert/strict';
import { after as afterAll, before as beforeAll, describe, test } from 'node:test';
import { type BlueprintTest, openBlueprintTest } from '../../tests/environment/blueprints.ts';
import { databases } from '../../tests/environment/databases.ts';

for (const engine of databases()) {
  describe(`faults of blueprints on ${engine.name}`, () => {
    let here: BlueprintTest;
    beforeAll(async () => {
      here = await openBlueprintTest(engine);
      await here.states('  - {model: test_stages.note, identifiers: {name: my-note}}\n');
    });
    afterAll(() => here.close());

    describe('a fault names the line and leaves everything as it was', () => {
      const good = '  - {model: authentik_core.group, identifiers: {name: never}}\n';
      for (const [what, entry, line, reason] of [
        [
          'an attribute that the model does not have',
          '  - model: authentik_core.group\n    identifiers: {name: x}\n    attrs:\n      is_superuser: true\n      colour: red\n',
          8,
          /no attribute colour/,
        ],
        [
          'an attribute from a prototype',
          '  - model: authentik_core.group\n    identifiers: {name: x}\n    attrs:\n      constructor: 1\n',
          7,
          /no attribute constructor/,
        ],
        [
          'an attribute that is read-only',
          '  - model: authentik_crypto.certificatekeypair\n    identifiers: {name: x}\n    attrs:\n      key_type: rsa\n',
          7,
          /cannot be set/,
        ],
        [
          'a value of the wrong type',
          '  - model: authentik_core.group\n    identifiers: {name: x}\n    attrs:\n      attributes: [1]\n',
          7,
          /attributes: /,
        ],
        [
          'something missing',
          '  - model: authentik_flows.flow\n    identifiers: {slug: x}\n',
          4,
          /name, title, designation: must be given/,
        ],
        [
          'a model that is not known',
          '  - model: authentik_core.dragon\n    identifiers: {name: x}\n',
          4,
          /model authentik_core.dragon/,
        ],
        [
          'a family instead of a model',
          '  - model: authentik_flows.stage\n    identifiers: {name: x}\n',
          4,
          /not known/,
        ],
        ['no identifiers', '  - model: authentik_core.group\n    attrs: {name: x}\n', 4, /identifiers are missing/],
        [
          'identifiers by what is no field',
          '  - {model: authentik_core.group, identifiers: {colour: x}}\n',
          4,
          /cannot be looked up by colour/,
        ],
        [
          'identifiers by a secret',
          '  - {model: test_stages.note, identifiers: {key: x}}\n',
          4,
          /cannot be looked up by key/,
        ],
        [
          'an object that is not there',
          '  - model: authentik_core.user\n    identifiers: {username: x}\n    attrs:\n      groups: [00000000-0000-4000-8000-000000000000]\n',
          7,
          /does not exist/,
        ],
        [
          'a target that is not there',
          '  - {model: authentik_policies.policybinding, identifiers: {target: 00000000-0000-4000-8000-000000000000, order: 1}}\n',
          4,
          /not there|does not exist/,
        ],
        [
          'a name that is taken',
          '  - model: test_stages.note\n    identifiers: {words: nobody has these}\n    attrs:\n      name: MY-note\n',
          7,
          /already exists/,
        ],
        [
          'a key of an entry that nobody knows',
          '  - model: authentik_core.group\n    colour: red\n    identifiers: {name: x}\n',
          5,
          /no key colour/,
        ],
        [
          'a certificate that is none',
          '  - model: authentik_crypto.certificatekeypair\n    identifiers: {name: x}\n    attrs:\n      certificate_data: text\n',
          7,
          /certificate_data/,
        ],
        ['no YAML', '  - {model: [\n', 5, /./],
      ] as const) {
        test(what, async () => {
          await here.refused(`${good}${entry}`, line, reason);
          assert.equal(await here.group('never'), undefined);
        });
      }
      for (const [what, source] of [
        ['no version', 'entries: []'],
        ['another version', 'version: 2\nentries: []'],
        ['a list', '- version: 1'],
      ] as const) {
        test(what, async () => {
          await assert.rejects(here.blueprints.apply({ name: 'a.yaml', text: source, trusted: true }), /a\.yaml:1: /);
        });
      }
    });

    test('validation tells what would happen and does nothing', async () => {
      const text =
        'version: 1\nentries: [{model: authentik_core.user, identifiers: {username: nobody}, attrs: {password: x}}]';
      const { applied } = await here.blueprints.validate({ name: 'v.yaml', text, trusted: false });
      assert.deepEqual(
        applied.map((each) => each.state),
        ['created'],
      );
      assert.equal(await here.user('nobody'), undefined);
      await assert.rejects(
        here.blueprints.validate({ name: 'v.yaml', text: text.replace('password', 'pass'), trusted: false }),
        /v\.yaml:2: .*no attribute pass/,
      );
    });
  });
}

import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after as afterAll, before as beforeAll, describe, test } from 'node:test';
import { type BlueprintTest, noteStage, openBlueprintTest } from '../../tests/environment/blueprints.ts';
import { databases } from '../../tests/environment/databases.ts';
import { findObject } from '../core/objects.ts';
import { makeBlueprints } from './blueprints.ts';

for (const engine of databases()) {
  describe(`the surroundings of blueprints on ${engine.name}`, () => {
    let here: BlueprintTest;
    beforeAll(async () => {
      here = await openBlueprintTest(engine);
    });
    afterAll(() => here.close());

    describe('what blueprints see of the machine', () => {
      const note = (value: string) =>
        `  - {model: test_stages.note, identifiers: {name: seen}, attrs: {words: ${value}}}\n`;
      const seen = async (value: string): Promise<string | undefined> => {
        await here.states(note(value));
        return (await findObject(here.core.database.read, noteStage, { name: 'seen' }))?.values.words;
      };

      test('files of the folder, and variables', async () => {
        assert.equal(await seen('!File note.txt'), 'words of a file');
        assert.equal(await seen(`!File ${join(here.inside, 'note.txt')}`), 'words of a file');
        assert.equal(await seen('!File [gone.txt, other]'), 'other');
        assert.equal(await seen('!Env GREETING'), 'hello');
        assert.equal(await seen('!Env [MISSING, other]'), 'other');
      });

      test('nothing outside of the folder, by whatever way', async () => {
        writeFileSync(join(here.folder, 'secret-key'), 'hidden');
        symlinkSync(join(here.folder, 'secret-key'), join(here.inside, 'link.txt'));
        symlinkSync(here.folder, join(here.inside, 'up'));
        for (const path of [
          '../secret-key',
          '/etc/passwd',
          'link.txt',
          'up/secret-key',
          'x/../../secret-key',
          '../nothing',
          '.',
          '..',
          '/proc/self/environ',
        ]) {
          await here.refused(note(`!File [${path}, other]`), 3, /^!File: /);
        }
      });

      test('nothing of the data of this program, even inside the folder', async () => {
        mkdirSync(join(here.inside, 'data'));
        writeFileSync(join(here.inside, 'data', 'secret-key'), 'hidden');
        const closed = makeBlueprints({
          core: here.core,
          models: here.models,
          folder: here.inside,
          dataFolder: join(here.inside, 'data'),
        });
        const source = {
          name: 'a.yaml',
          trusted: true,
          text: `version: 1\nentries:\n${note('!File data/secret-key')}`,
        };
        await assert.rejects(closed.apply(source), /data of this program/);
      });

      test('no settings of this program', async () => {
        for (const name of [
          'OSTIARY_SECRET_KEY',
          'AUTHENTIK_SECRET_KEY',
          'ostiary_secret_key',
          'PGPASSWORD',
          'POSTGRES_PASSWORD',
        ]) {
          await here.refused(note(`!Env [${name}, other]`), 3, /may not be read/);
        }
        assert.equal(await seen('!Env [constructor, other]'), 'other');
      });

      test('nothing at all for content from elsewhere, whether it would be looked at or not', async () => {
        await here.refused(note('!File note.txt'), 3, /^!File: works only/, { trusted: false });
        await here.refused(note('!If [true, x, !Env GREETING]'), 3, /^!Env: works only/, { trusted: false });
      });

      test('a file of the folder is trusted, another is not even read', async () => {
        writeFileSync(join(here.inside, 'good.yaml'), `version: 1\nentries:\n${note('!Env GREETING')}`);
        const source = await here.blueprints.fromFolder('good.yaml');
        assert.ok(source);
        assert.deepEqual((await here.blueprints.apply(source)).applied.length, 1);
        await assert.rejects(here.blueprints.fromFolder('../secret-key'), RangeError);
        assert.equal(await here.blueprints.fromFolder('gone.yaml'), undefined);
      });
    });
  });
}

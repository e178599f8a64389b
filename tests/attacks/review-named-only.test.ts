/** Naming somebody is no proof: no flow of any designation signs in, or changes, whoever was only named. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { designations } from '../../src/core/models/flow.ts';
import { passwordHashOf, type User } from '../../src/core/users.ts';
import { identification } from '../../src/stages/identification/identification.ts';
import { password } from '../../src/stages/password/password.ts';
import { prompt, promptModel } from '../../src/stages/prompt/prompt.ts';
import { redirect } from '../../src/stages/redirect/redirect.ts';
import { userLogin } from '../../src/stages/user-login/user-login.ts';
import { userWrite } from '../../src/stages/user-write/user-write.ts';
import { sessions } from '../environment/counting.ts';
import { databases } from '../environment/databases.ts';
import { makeFlow } from '../environment/flow-client.ts';
import { startOstiary, type TestOstiary } from '../environment/ostiary.ts';

const BY_NAME = { user_fields: ['username'] };
const WITH_PASSWORD = { backends: ['authentik.core.auth.InbuiltBackend'] };
const CHOSEN = 'chosen by somebody else';

for (const engine of databases()) {
  describe(`somebody who was only named, on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    let ann: User;
    let hash: string | null;
    let newPassword = '';
    before(async () => {
      ostiary = await startOstiary({ engine });
      ann = await ostiary.person('ann');
      await ostiary.person('mallory');
      hash = await passwordHashOf(ostiary.core.database.read, ann.pk);
      const asked = { name: 'new', field_key: 'password', label: 'New', type: 'password' as const, order: 0 };
      newPassword = (await ostiary.make(promptModel, asked)).id;
    });
    after(() => ostiary.stop());

    for (const designation of designations) {
      test(`is not signed in by a flow for ${designation}`, async () => {
        const slug = `in-${designation}`;
        await makeFlow(ostiary, { slug, designation }, [
          [identification, BY_NAME],
          [userLogin, {}],
        ]);
        const stranger = ostiary.visitor();
        await stranger.open(`/if/flow/${slug}/`);
        assert.equal((await stranger.submit({ uid_field: 'ann' })).status, 403);
        assert.equal(await sessions(ostiary, ann.pk), 0);
      });

      test(`is given no password by a flow for ${designation}`, async () => {
        const slug = `write-${designation}`;
        await makeFlow(ostiary, { slug, designation }, [
          [identification, BY_NAME],
          [prompt, { fields: [newPassword], validation_policies: [] }],
          [userWrite, { user_creation_mode: 'never_create' }],
        ]);
        for (const visitor of [ostiary.visitor(), await ostiary.signedIn('mallory')]) {
          await visitor.open(`/if/flow/${slug}/`);
          await visitor.submit({ uid_field: 'ann' });
          assert.equal((await visitor.submit({ password: CHOSEN })).status, 403);
          assert.equal(await passwordHashOf(ostiary.core.database.read, ann.pk), hash);
        }
      });
    }

    test('is not taken along into the flow that changes passwords', async () => {
      const { id } = await ostiary.core.database.read
        .selectFrom('flows')
        .select('id')
        .where('slug', '=', 'default-password-change')
        .executeTakeFirstOrThrow();
      await makeFlow(ostiary, { slug: 'onward', designation: 'authentication' }, [
        [identification, BY_NAME],
        [redirect, { mode: 'flow', target_flow: id, keep_context: true }],
      ]);
      const mallory = await ostiary.signedIn('mallory');
      await mallory.open('/if/flow/onward/');
      await mallory.submit({ uid_field: 'ann' });
      assert.equal((await mallory.submit({ password: CHOSEN, password_repeat: CHOSEN })).status, 403);
      assert.equal(await passwordHashOf(ostiary.core.database.read, ann.pk), hash);
    });

    test('is signed in once they have shown who they are, in any flow', async () => {
      await makeFlow(ostiary, { slug: 'proven', designation: 'recovery' }, [
        [identification, BY_NAME],
        [password, WITH_PASSWORD],
        [userLogin, {}],
      ]);
      const browser = ostiary.visitor();
      await browser.open('/if/flow/proven/?next=/-/health/live/');
      await browser.submit({ uid_field: 'ann' });
      assert.equal((await browser.submit({ password: 'password of ann' })).status, 200);
      assert.equal(await sessions(ostiary, ann.pk), 1);
    });
  });
}

/** A key acts for its own account, for ever: it cannot be handed to another, whatever kind of account that is. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { userTypes } from '../../src/core/models/people.ts';
import { createToken } from '../../src/core/tokens.ts';
import { createUser } from '../../src/core/users.ts';
import { databases } from '../environment/databases.ts';
import { startOstiary, type TestOstiary } from '../environment/ostiary.ts';

const KEY = 'the key of ann to the API'.replaceAll(' ', '-');

for (const engine of databases()) {
  describe(`keys of one's own, on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    let annPk = 0;
    const call = async (method: string, path: string, body: object): Promise<{ status: number; text: string }> => {
      const response = await fetch(`${ostiary.url}/api/v3/core/tokens/${path}`, {
        method,
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return { status: response.status, text: await response.text() };
    };
    before(async () => {
      ostiary = await startOstiary({ engine });
      annPk = (await ostiary.person('ann')).pk;
      const { core } = ostiary;
      const own = { identifier: 'ann-api', user: annPk, intent: 'api' as const, expiring: false };
      await core.database.write((transaction) => createToken(core, transaction, own, KEY));
    });
    after(() => ostiary.stop());

    for (const type of userTypes) {
      for (const intent of ['api', 'app_password']) {
        test(`a key (${intent}) is not handed to an account of the type ${type}`, async () => {
          const username = `${type}-${intent}`;
          const { core } = ostiary;
          const { pk } = await core.database.write((transaction) => createUser(core, transaction, { username, type }));
          const identifier = `own-${username}`;
          assert.equal((await call('POST', '', { identifier, intent })).status, 201);
          assert.equal((await call('POST', '', { identifier: `${identifier}-2`, intent, user: pk })).status, 403);
          assert.equal((await call('PATCH', `${identifier}/`, { user: pk })).status, 403);
          assert.equal((await call('PUT', `${identifier}/`, { identifier, intent, user: pk })).status, 403);
          assert.equal((await call('PATCH', `${identifier}/`, { user: annPk, description: 'mine' })).status, 200);
          const owners = await core.database.read.selectFrom('tokens').select('user_pk').distinct().execute();
          assert.ok(!owners.some((row) => row.user_pk === pk));
        });
      }
    }

    test('a key that another token has is refused as any other fault of the input', async () => {
      const { core } = ostiary;
      for (const identifier of ['first', 'second']) {
        await core.database.write((transaction) => createToken(core, transaction, { identifier, user: annPk }));
      }
      const administrator = { authorization: 'Bearer a-token-for-the-tests-of-the-administration' };
      const set = (identifier: string): Promise<Response> =>
        fetch(`${ostiary.url}/api/v3/core/tokens/${identifier}/set_key/`, {
          method: 'POST',
          headers: { ...administrator, 'content-type': 'application/json' },
          body: JSON.stringify({ key: 'one-key-for-two-tokens' }),
        });
      assert.equal((await set('first')).status, 204);
      assert.equal((await set('second')).status, 400);
    });
  });
}

/** The subject of a token is one person's: not that of everybody without a mail address, nor of two who share one. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { userModel } from '../../src/core/models/people.ts';
import { updateObject } from '../../src/core/objects.ts';
import type { User } from '../../src/core/users.ts';
import { databases } from '../environment/databases.ts';
import { type OAuth2Client, startOstiary, type TestOstiary } from '../environment/ostiary.ts';
import type { Visitor } from '../environment/visitor.ts';

const MODES = ['hashed_user_id', 'user_id', 'user_uuid', 'user_username', 'user_email', 'user_upn'];

for (const engine of databases()) {
  describe(`subjects, on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    const people = new Map<string, Visitor>();
    const change = (user: User, values: { email?: string; attributes?: Record<string, string> }): Promise<unknown> =>
      ostiary.core.database.write((transaction) => updateObject(ostiary.core, transaction, userModel, user.id, values));
    before(async () => {
      ostiary = await startOstiary({ engine });
      for (const name of ['ann', 'bob', 'cat', 'dan']) {
        const user = await ostiary.person(name);
        if (name === 'ann' || name === 'bob') await change(user, { email: '', attributes: { upn: '' } });
        else await change(user, { email: name === 'cat' ? 'shared@example.org' : 'Shared@Example.org' });
        people.set(name, await ostiary.signedIn(name));
      }
    });
    after(() => ostiary.stop());

    /** What the client is given for this person: the claims of the ID token, or the error. */
    async function enter(client: OAuth2Client, name: string): Promise<{ sub?: string; error?: string }> {
      const { clientId: client_id, clientSecret: client_secret, redirectUri: redirect_uri } = client;
      const asked = new URLSearchParams({ client_id, redirect_uri, response_type: 'code', scope: 'openid email' });
      const { location } = (await people.get(name)?.open(`${ostiary.url}/application/o/authorize/?${asked}`)) ?? {};
      const code = new URL(location ?? '').searchParams.get('code') ?? '';
      const body = { grant_type: 'authorization_code', code, redirect_uri, client_id, client_secret };
      const answer = await fetch(`${ostiary.url}/application/o/token/`, {
        method: 'POST',
        body: new URLSearchParams(body),
      });
      const { id_token, error } = (await answer.json()) as { id_token?: string; error?: string };
      if (id_token === undefined) return { error: error ?? '' };
      return JSON.parse(Buffer.from(id_token.split('.')[1] ?? '', 'base64url').toString()) as { sub: string };
    }

    test('an access token is no hint of who signs out', async () => {
      const client = await ostiary.oauth2('hinted');
      const browser = people.get('ann') as Visitor;
      const { clientId: client_id, redirectUri: redirect_uri, clientSecret: client_secret } = client;
      const asked = new URLSearchParams({ client_id, redirect_uri, response_type: 'code', scope: 'openid' });
      const { location } = await browser.open(`${ostiary.url}/application/o/authorize/?${asked}`);
      const code = new URL(location ?? '').searchParams.get('code') ?? '';
      const body = new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        redirect_uri,
        client_id,
        client_secret,
      });
      const answer = await fetch(`${ostiary.url}/application/o/token/`, { method: 'POST', body });
      const tokens = (await answer.json()) as { access_token: string; id_token: string };
      const leave = (hint: string): Promise<{ status: number }> =>
        browser.request(
          `${ostiary.url}/application/o/hinted/end-session/?${new URLSearchParams({ id_token_hint: hint })}`,
        );
      assert.equal((await leave(tokens.access_token)).status, 400);
      assert.equal((await browser.open(`${ostiary.url}/if/user/`)).status, 200);
      assert.ok(browser.words().includes('You are signed in'), browser.words());
      assert.notEqual((await leave(tokens.id_token)).status, 400);
      people.set('ann', await ostiary.signedIn('ann'));
    });

    for (const sub_mode of MODES) {
      test(`with ${sub_mode} two people are never one`, async () => {
        const client = await ostiary.oauth2(`by-${sub_mode.replaceAll('_', '-')}`, { sub_mode });
        const told = [await enter(client, 'ann'), await enter(client, 'bob')];
        assert.ok(
          told.every(({ sub }) => sub !== undefined && sub !== ''),
          JSON.stringify(told),
        );
        assert.notEqual(told[0]?.sub, told[1]?.sub);
        const shared = [await enter(client, 'cat'), await enter(client, 'dan')];
        if (sub_mode === 'user_email') {
          assert.deepEqual(
            shared.map(({ error }) => error),
            ['invalid_grant', 'invalid_grant'],
          );
        } else assert.notEqual(shared[0]?.sub, shared[1]?.sub);
      });
    }
  });
}

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { databases } from '../../../tests/environment/databases.ts';
import { type OAuth2Client, startOstiary, type TestOstiary } from '../../../tests/environment/ostiary.ts';
import {
  answerOf,
  authorizePath,
  claimsOfToken,
  codeFor,
  isAlive,
  pkce,
  redeem,
  tokens,
  userinfo,
} from '../../../tests/environment/relying-party.ts';

for (const engine of databases()) {
  describe(`signing in to an application, on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    let client: OAuth2Client;
    before(async () => {
      ostiary = await startOstiary({ engine });
      client = await ostiary.oauth2('todo-app');
      const staff = await ostiary.group('staff');
      await ostiary.person('ann', { groups: [staff] });
    });
    after(() => ostiary.stop());

    test('a person signs in and the application verifies who they are', async () => {
      const visitor = ostiary.visitor();
      const { verifier, challenge } = pkce();
      const path = authorizePath(client, { code_challenge: challenge, code_challenge_method: 'S256', nonce: 'n' });
      await visitor.open(path);
      await visitor.submit({ uid_field: 'ann' });
      const answer = answerOf(await visitor.submit({ password: 'password of ann' }));
      assert.equal(answer.state, 'the state');
      assert.equal(answer.iss, client.issuer);
      const reply = await redeem(ostiary, client, answer.code ?? '', { code_verifier: verifier });
      assert.equal(reply.status, 200, JSON.stringify(reply.json));
      assert.equal(reply.headers.get('cache-control'), 'no-store');
      assert.equal(reply.json.token_type, 'Bearer');
      assert.equal(reply.json.refresh_token, undefined);
      const keys = createRemoteJWKSet(new URL(`${client.issuer}jwks/`));
      const expected = { issuer: client.issuer, audience: client.clientId, algorithms: ['RS256'] };
      const { payload } = await jwtVerify(String(reply.json.id_token), keys, expected);
      assert.equal(payload.nonce, 'n');
      assert.equal(payload.preferred_username, 'ann');
      assert.deepEqual(payload.groups, ['staff']);
      assert.equal(payload.acr, 'goauthentik.io/providers/oauth2/default');
      assert.match(String(payload.sub), /^[0-9a-f]{64}$/);
      const access = await jwtVerify(String(reply.json.access_token), keys, expected);
      assert.equal(access.payload.azp, client.clientId);
      assert.equal(access.payload.scope, 'openid profile email');
      const info = await userinfo(ostiary, reply.json.access_token);
      assert.equal(info.status, 200);
      assert.equal(info.json.sub, payload.sub);
      assert.equal(info.json.email, 'ann@example.org');
      assert.equal(await isAlive(ostiary, client, reply.json.access_token), true);
    });

    test('refreshing gives new tokens and ends the family when an old one comes back', async () => {
      const visitor = await ostiary.signedIn('ann');
      const code = await codeFor(visitor, client, { scope: 'openid offline_access' });
      const first = await redeem(ostiary, client, code);
      const refresh = (token: unknown) =>
        tokens(ostiary, client, { grant_type: 'refresh_token', refresh_token: String(token) });
      const second = await refresh(first.json.refresh_token);
      assert.equal(second.status, 200, JSON.stringify(second.json));
      assert.notEqual(second.json.refresh_token, first.json.refresh_token);
      assert.equal(claimsOfToken(second.json.id_token).sub, claimsOfToken(first.json.id_token).sub);
      const replayed = await refresh(first.json.refresh_token);
      assert.equal(replayed.status, 400);
      assert.equal(replayed.json.error, 'invalid_grant');
      assert.equal((await refresh(second.json.refresh_token)).json.error, 'invalid_grant');
      assert.equal(await isAlive(ostiary, client, second.json.access_token), false);
    });

    test('a program gets tokens for itself', async () => {
      const reply = await tokens(ostiary, client, { grant_type: 'client_credentials', scope: 'openid profile' });
      assert.equal(reply.status, 200, JSON.stringify(reply.json));
      assert.equal(
        claimsOfToken(reply.json.access_token).preferred_username,
        'ak-todo-app provider-client_credentials',
      );
      assert.equal(reply.json.refresh_token, undefined);
      assert.equal(typeof reply.json.id_token, 'string');
    });
  });
}

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type OAuth2Client, startOstiary, type TestOstiary } from '../../../tests/environment/ostiary.ts';
import { codeFor, post, redeem, tokens } from '../../../tests/environment/relying-party.ts';

describe('a provider in the administration', () => {
  let ostiary: TestOstiary;
  let client: OAuth2Client;
  before(async () => {
    ostiary = await startOstiary();
    client = await ostiary.oauth2('notes');
    await ostiary.person('ann');
  });
  after(() => ostiary.stop());

  const get = async (path: string, token = 'a-token-for-the-tests-of-the-administration') => {
    const response = await fetch(`${ostiary.url}/api/v3/${path}`, { headers: { authorization: `Bearer ${token}` } });
    return { status: response.status, json: (await response.json()) as Record<string, unknown> };
  };

  test('tells the addresses to copy', async () => {
    const { json } = await get(`providers/oauth2/${client.providerPk}/setup_urls/`);
    assert.equal(json.issuer, client.issuer);
    assert.equal(json.jwks, `${client.issuer}jwks/`);
    assert.equal(json.token, `${ostiary.url}/application/o/token/`);
  });

  test('shows what the application would learn', async () => {
    const { json } = await get(`providers/oauth2/${client.providerPk}/preview_user/`);
    assert.equal((json.preview as Record<string, unknown>).preferred_username, 'akadmin');
  });

  test('gives the secret to those who may change it, and in no list', async () => {
    const one = await get(`providers/oauth2/${client.providerPk}/`);
    assert.equal(one.json.client_secret, client.clientSecret);
    assert.equal(JSON.stringify(await get('providers/oauth2/')).includes(client.clientSecret), false);
  });

  test('a token with the scope for it is the person, one without is nobody', async () => {
    const ann = await ostiary.signedIn('ann');
    const given = async (scope: string) => {
      const { json } = await redeem(ostiary, client, await codeFor(ann, client, { scope }));
      return String(json.access_token);
    };
    const token = await given('openid goauthentik.io/api');
    const me = await get('core/users/me/', token);
    assert.equal(me.status, 200);
    assert.equal((me.json.user as { username: string }).username, 'ann');
    assert.equal((await get('core/users/me/', await given('openid profile'))).status, 403);
    const { json } = await tokens(ostiary, client, { grant_type: 'client_credentials', scope: 'openid' });
    assert.equal((await get('core/users/me/', String(json.id_token))).status, 403);
    const { clientId: client_id, clientSecret: client_secret } = client;
    await post(ostiary, 'revoke', { client_id, client_secret, token });
    assert.equal((await get('core/users/me/', token)).status, 403);
  });
});

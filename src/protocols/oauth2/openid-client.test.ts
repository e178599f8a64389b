/** An independent client that checks everything the specifications tell it to check. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as oidc from 'openid-client';
import { type OAuth2Client, startOstiary, type TestOstiary } from '../../../tests/environment/ostiary.ts';
import type { Visitor } from '../../../tests/environment/visitor.ts';
import { DEVICE_CODE_GRANT } from './oauth2.settings.ts';

const GRANTS = ['authorization_code', 'hybrid', 'implicit', 'refresh_token', 'client_credentials', DEVICE_CODE_GRANT];

describe('a client that checks everything', () => {
  let ostiary: TestOstiary;
  let client: OAuth2Client;
  let config: oidc.Configuration;
  let ann: Visitor;
  before(async () => {
    ostiary = await startOstiary();
    client = await ostiary.oauth2('certified', { grant_types: GRANTS });
    await ostiary.person('ann');
    ann = await ostiary.signedIn('ann');
    config = await discover(oidc.ClientSecretBasic(client.clientSecret));
  });
  after(() => ostiary.stop());

  const discover = (authentication: oidc.ClientAuth) =>
    oidc.discovery(new URL(client.issuer), client.clientId, undefined, authentication, {
      execute: [oidc.allowInsecureRequests],
    });

  const authorize = async (more: Record<string, string> = {}, asked = config) => {
    const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
    const expectedState = oidc.randomState();
    const expectedNonce = oidc.randomNonce();
    const url = oidc.buildAuthorizationUrl(asked, {
      redirect_uri: client.redirectUri,
      scope: 'openid profile email offline_access',
      code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: expectedState,
      nonce: expectedNonce,
      ...more,
    });
    const answer = await ann.open(url.href);
    return { back: new URL(answer.location ?? ''), checks: { pkceCodeVerifier, expectedState, expectedNonce } };
  };

  for (const [name, authentication] of [
    ['a Basic header', oidc.ClientSecretBasic],
    ['the form', oidc.ClientSecretPost],
  ] as const) {
    test(`redeems a code, with its secret in ${name}`, async () => {
      const asked = await discover(authentication(client.clientSecret));
      const { back, checks } = await authorize({}, asked);
      const tokens = await oidc.authorizationCodeGrant(asked, back, { ...checks, idTokenExpected: true });
      assert.equal(tokens.claims()?.preferred_username, 'ann');
    });
  }

  test('refreshes, asks userinfo, introspects and revokes', async () => {
    const { back, checks } = await authorize();
    const first = await oidc.authorizationCodeGrant(config, back, checks);
    const tokens = await oidc.refreshTokenGrant(config, first.refresh_token ?? '');
    const sub = String(first.claims()?.sub);
    assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, sub)).email, 'ann@example.org');
    assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).active, true);
    await oidc.tokenRevocation(config, tokens.refresh_token ?? '');
    assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).active, false);
  });

  test('checks the hashes of a hybrid answer', async () => {
    const asked = await discover(oidc.ClientSecretBasic(client.clientSecret));
    oidc.useCodeIdTokenResponseType(asked);
    const { back, checks } = await authorize({}, asked);
    assert.ok(back.hash.includes('id_token='));
    const tokens = await oidc.authorizationCodeGrant(asked, back, checks);
    assert.equal(tokens.claims()?.name, 'Ann Example');
  });

  test('gets a token for itself', async () => {
    const tokens = await oidc.clientCredentialsGrant(config, { scope: 'profile' });
    assert.equal(tokens.token_type, 'bearer');
    assert.equal(tokens.scope, 'profile');
  });

  test('waits for a device to be let in', async () => {
    const started = await oidc.initiateDeviceAuthorization(config, { scope: 'openid' });
    await ann.open(started.verification_uri_complete ?? '');
    await ann.submit({});
    await ann.submit({});
    const tokens = await oidc.pollDeviceAuthorizationGrant(config, { ...started, interval: 0.01 });
    assert.equal(typeof tokens.id_token, 'string');
  });

  test('signs out and comes back', async () => {
    const { back, checks } = await authorize();
    const tokens = await oidc.authorizationCodeGrant(config, back, checks);
    const url = oidc.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token ?? '',
      post_logout_redirect_uri: 'http://localhost:3000/',
    });
    assert.equal((await ann.open(url.href)).location, 'http://localhost:3000/');
  });
});

/** A certified relying-party library (openid-client): what it accepts of us, and what it refuses when an answer was changed. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as oidc from 'openid-client';
import { type OAuth2Client, startOstiary, type TestOstiary } from '../environment/ostiary.ts';
import type { Visitor } from '../environment/visitor.ts';
import { comeBack, discover } from './code-flow.ts';

describe('A certified relying party', () => {
  let ostiary: TestOstiary;
  let ann: Visitor;
  let open: OAuth2Client;
  let secret: OAuth2Client;
  before(async () => {
    ostiary = await startOstiary();
    open = await ostiary.oauth2('open', { client_type: 'public' });
    secret = await ostiary.oauth2('secret');
    await ostiary.person('ann');
    ann = await ostiary.signedIn('ann');
  });
  after(() => ostiary?.stop());

  const withSecret = (): Promise<oidc.Configuration> => discover(secret, oidc.ClientSecretPost(secret.clientSecret));

  test('without a secret: code with PKCE, a refresh, userinfo, the way out', async () => {
    const config = await discover(open, oidc.None());
    const { back, checks } = await comeBack(config, ann, open.redirectUri);
    const first = await oidc.authorizationCodeGrant(config, back, { ...checks, idTokenExpected: true, maxAge: 3600 });
    const second = await oidc.refreshTokenGrant(config, first.refresh_token ?? '');
    const sub = first.claims()?.sub ?? '';
    assert.equal(second.claims()?.sub, sub);
    assert.notEqual(second.refresh_token, first.refresh_token);
    const info = await oidc.fetchUserInfo(config, second.access_token, sub);
    assert.equal(info.preferred_username, 'ann');
    await assert.rejects(oidc.refreshTokenGrant(config, first.refresh_token ?? ''), { error: 'invalid_grant' });
    await assert.rejects(oidc.refreshTokenGrant(config, second.refresh_token ?? ''), { error: 'invalid_grant' });
    const url = oidc.buildEndSessionUrl(config, { id_token_hint: second.id_token ?? '' });
    const guest = await ostiary.signedIn('ann');
    assert.equal((await guest.open(url.href)).status, 200);
    assert.match((await guest.open('/if/user/')).url, /default-authentication-flow/);
  });

  test('with a secret: a token for itself, introspection, revocation', async () => {
    const config = await withSecret();
    const { access_token } = await oidc.clientCredentialsGrant(config, { scope: 'profile' });
    assert.equal((await oidc.tokenIntrospection(config, access_token)).active, true);
    await oidc.tokenRevocation(config, access_token);
    assert.equal((await oidc.tokenIntrospection(config, access_token)).active, false);
    const wrong = await discover(secret, oidc.ClientSecretPost('not the secret'));
    await assert.rejects(oidc.clientCredentialsGrant(wrong), { error: 'invalid_client' });
  });

  for (const [name, change] of [
    ['the state is another', (back: URL) => back.searchParams.set('state', 'another')],
    ['the state is missing', (back: URL) => back.searchParams.delete('state')],
    ['the issuer is another', (back: URL) => back.searchParams.set('iss', open.issuer)],
    ['the issuer is missing, which discovery promises', (back: URL) => back.searchParams.delete('iss')],
  ] as const) {
    test(`refuses the way back when ${name}`, async () => {
      const config = await withSecret();
      const { back, checks } = await comeBack(config, ann, secret.redirectUri);
      change(back);
      await assert.rejects(oidc.authorizationCodeGrant(config, back, checks), { code: 'OAUTH_INVALID_RESPONSE' });
    });
  }

  test('refuses an ID token with another nonce, and gets none for another verifier', async () => {
    const config = await withSecret();
    const one = await comeBack(config, ann, secret.redirectUri);
    await assert.rejects(
      oidc.authorizationCodeGrant(config, one.back, { ...one.checks, expectedNonce: 'another' }),
      /nonce|claim/,
    );
    const two = await comeBack(config, ann, secret.redirectUri);
    await assert.rejects(
      oidc.authorizationCodeGrant(config, two.back, {
        ...two.checks,
        pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
      }),
      { error: 'invalid_grant' },
    );
  });

  test('is told of errors in the form that it expects', async () => {
    const config = await withSecret();
    const guest = ostiary.visitor();
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri: secret.redirectUri,
      scope: 'openid',
      prompt: 'none',
      state: 'mine',
    });
    const { location = '' } = await guest.open(url.href);
    await assert.rejects(oidc.authorizationCodeGrant(config, new URL(location), { expectedState: 'mine' }), {
      error: 'login_required',
    });
  });
});

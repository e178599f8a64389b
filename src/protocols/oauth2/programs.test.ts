import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type OAuth2Client, startOstiary, type TestOstiary } from '../../../tests/environment/ostiary.ts';
import { codeFor, type Json, pkce, post, redeem, strict, tokens } from '../../../tests/environment/relying-party.ts';

describe('the endpoints for programs', () => {
  let ostiary: TestOstiary;
  let client: OAuth2Client;
  let token: string;
  before(async () => {
    ostiary = await startOstiary();
    client = await ostiary.oauth2('notes');
    await ostiary.person('ann');
    const ann = await ostiary.signedIn('ann');
    token = String((await redeem(ostiary, client, await codeFor(ann, client))).json.access_token);
  });
  after(() => ostiary.stop());

  const at = (path: string, init: RequestInit = {}) => fetch(`${ostiary.url}${path}`, { redirect: 'manual', ...init });
  const info = '/application/o/userinfo/';
  const bearer = () => ({ authorization: `Bearer ${token}` });
  const ours = 'http://localhost:3000';

  test('discovery says what there is, and where', async () => {
    const answer = await at('/application/o/notes/.well-known/openid-configuration');
    const document = (await answer.json()) as Json;
    assert.equal(document.issuer, client.issuer);
    assert.equal(document.token_endpoint, `${ostiary.url}/application/o/token/`);
    assert.equal(document.jwks_uri, `${client.issuer}jwks/`);
    assert.deepEqual(document.code_challenge_methods_supported, ['S256']);
    assert.deepEqual(document.response_types_supported, ['code']);
    assert.deepEqual(document.id_token_signing_alg_values_supported, ['RS256']);
    assert.equal(document.authorization_response_iss_parameter_supported, true);
    for (const claim of ['sub', 'email', 'groups']) assert.ok((document.claims_supported as string[]).includes(claim));
    for (const [name, url] of Object.entries(document)) {
      if ((!name.endsWith('_endpoint') && name !== 'jwks_uri') || name === 'authorization_endpoint') continue;
      assert.notEqual((await at(new URL(String(url)).pathname)).status, 404, name);
    }
    const root = await at('/application/o/notes/');
    assert.equal(root.headers.get('location'), '/application/o/notes/.well-known/openid-configuration');
    assert.equal((await at('/application/o/absent/.well-known/openid-configuration')).status, 404);
    assert.equal((await at('/application/o/absent/jwks/')).status, 404);
  });

  test('userinfo takes the token in each of the three ways, one at a time', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    assert.equal((await at(info, { headers: bearer() })).status, 200);
    assert.equal((await at(info, { method: 'POST', headers: bearer() })).status, 200);
    assert.equal((await at(info, { method: 'POST', headers: form, body: `access_token=${token}` })).status, 200);
    assert.equal((await at(`${info}?access_token=${token}`)).status, 200);
    assert.equal((await at(`${info}?access_token=${token}`, { headers: bearer() })).status, 400);
  });

  test('userinfo tells apart no token, a wrong one, and one without the scope', async () => {
    const narrow = await tokens(ostiary, client, { grant_type: 'client_credentials', scope: 'profile' });
    const cases: [Record<string, string>, number, RegExp][] = [
      [{}, 401, /^Bearer realm="OAuth2"$/],
      [{ authorization: 'Bearer nonsense' }, 401, /error="invalid_token"/],
      [{ authorization: `Bearer ${token}x` }, 401, /error="invalid_token"/],
      [{ authorization: `Bearer ${'x'.repeat(10_000)}` }, 401, /error="invalid_token"/],
      [{ authorization: `Basic ${token}` }, 400, /error="invalid_request"/],
      [{ authorization: 'Bearer a b' }, 400, /error="invalid_request"/],
      [{ authorization: `Bearer ${String(narrow.json.access_token)}` }, 403, /error="insufficient_scope"/],
    ];
    for (const [headers, status, words] of cases) {
      const answer = await at(info, { headers });
      assert.equal(answer.status, status, JSON.stringify(headers).slice(0, 80));
      assert.match(answer.headers.get('www-authenticate') ?? '', words);
    }
  });

  test('introspection describes a token to its client, and needs the secret', async () => {
    const { clientId: client_id, clientSecret: client_secret } = client;
    const { json } = await post(ostiary, 'introspect', { client_id, client_secret, token });
    assert.equal(json.active, true);
    assert.equal(json.username, 'ann');
    assert.equal(json.client_id, client_id);
    assert.equal(json.scope, 'openid profile email');
    assert.equal(json.iss, client.issuer);
    assert.deepEqual((await post(ostiary, 'introspect', { client_id, client_secret, token: 'x' })).json, {
      active: false,
    });
    assert.equal((await post(ostiary, 'introspect', { client_id, token })).json.error, 'invalid_client');
    assert.equal((await post(ostiary, 'introspect', { client_id, client_secret })).json.error, 'invalid_request');
  });

  test('a revoked token is dead at once', async () => {
    const { json } = await tokens(ostiary, client, { grant_type: 'client_credentials', scope: 'openid' });
    const { clientId: client_id, clientSecret: client_secret } = client;
    const gone = String(json.access_token);
    assert.equal((await post(ostiary, 'revoke', { client_id, token: gone })).json.error, 'invalid_client');
    const reply = await post(ostiary, 'revoke', { client_id, client_secret, token: gone });
    assert.equal(reply.status, 200);
    assert.equal((await post(ostiary, 'introspect', { client_id, client_secret, token: gone })).json.active, false);
    assert.equal((await post(ostiary, 'revoke', { client_id, client_secret, token: 'unknown' })).status, 200);
  });

  test('pages of registered origins may read answers and errors, others may not', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const allowed = (answer: Response) => answer.headers.get('access-control-allow-origin');
    const discovery = '/application/o/notes/.well-known/openid-configuration';
    const body = `client_id=${client.clientId}&client_secret=wrong&grant_type=client_credentials`;
    for (const [origin, expected] of [
      [ours, ours],
      ['https://evil.example', null],
      ['http://localhost:3001', null],
      ['null', null],
    ] as const) {
      const headers = { origin };
      assert.equal(allowed(await at(discovery, { headers })), expected, origin);
      assert.equal(allowed(await at(info, { headers: { ...headers, ...bearer() } })), expected, origin);
      assert.equal(allowed(await at(info, { headers })), expected, origin);
      for (const path of ['token', 'introspect', 'revoke']) {
        const url = `/application/o/${path}/`;
        assert.equal(
          allowed(await at(url, { method: 'POST', headers: { ...headers, ...form }, body })),
          expected,
          `${path} ${origin}`,
        );
        const preflight = await at(url, {
          method: 'OPTIONS',
          headers: { ...headers, 'access-control-request-method': 'POST' },
        });
        assert.equal(preflight.status, 204);
        assert.equal(allowed(preflight), expected, `${path} ${origin}`);
      }
      assert.equal(allowed(await at('/application/o/notes/jwks/', { headers })), '*');
    }
  });

  test('a page reads only answers to its own client', async () => {
    await ostiary.oauth2('foreign', { redirect_uris: strict('https://foreign.example/cb') });
    const headers = { origin: 'https://foreign.example', ...bearer() };
    assert.equal((await at(info, { headers })).headers.get('access-control-allow-origin'), null);
  });

  test('whatever is sent, the answer is a clear refusal and never a failure', async () => {
    const { challenge } = pkce();
    const values = [
      '',
      ' ',
      '\u{1F600}',
      'a'.repeat(5000),
      '%00',
      '../../etc',
      "' or 1=1 --",
      '[object Object]',
      '__proto__',
      challenge,
      '-1',
      '{}',
    ];
    const names = [
      'grant_type',
      'client_id',
      'client_secret',
      'code',
      'refresh_token',
      'device_code',
      'token',
      'scope',
      'username',
      'password',
      'client_assertion',
      'client_assertion_type',
      'redirect_uri',
      'code_verifier',
    ];
    const grants = [
      'authorization_code',
      'refresh_token',
      'client_credentials',
      'password',
      'urn:ietf:params:oauth:grant-type:device_code',
    ];
    const good = { client_id: client.clientId, client_secret: client.clientSecret };
    for (const endpoint of ['token', 'introspect', 'revoke', 'device']) {
      for (const name of names) {
        for (const value of values) {
          for (const grant_type of endpoint === 'token' ? grants : ['none']) {
            const reply = await post(
              ostiary,
              endpoint,
              { ...good, grant_type, [name]: value },
              { 'x-forwarded-for': '203.0.113.9' },
            );
            assert.ok(reply.status < 500, `${endpoint} ${grant_type} ${name}=${value}: ${reply.status}`);
            if (reply.status >= 400) assert.equal(typeof reply.json.error, 'string');
          }
        }
      }
    }
  });
});

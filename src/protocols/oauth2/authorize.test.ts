import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { databases } from '../../../tests/environment/databases.ts';
import { type OAuth2Client, startOstiary, type TestOstiary } from '../../../tests/environment/ostiary.ts';
import type { Visitor } from '../../../tests/environment/visitor.ts';
import {
  answerOf,
  authorizePath,
  claimsOfToken,
  codeFor,
  type Parameters,
  pkce,
  redeem,
  userinfo,
} from '../../../tests/environment/relying-party.ts';

const ALL_GRANTS = ['authorization_code', 'implicit', 'hybrid', 'refresh_token', 'client_credentials'];

for (const engine of databases()) {
  describe(`the authorization endpoint, on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    let client: OAuth2Client;
    let everything: OAuth2Client;
    let ann: Visitor;
    let now = Date.now();
    before(async () => {
      ostiary = await startOstiary({ engine, now: () => now });
      client = await ostiary.oauth2('notes');
      everything = await ostiary.oauth2('everything', { grant_types: ALL_GRANTS });
      await ostiary.person('ann');
      await ostiary.person('bob');
      ann = await ostiary.signedIn('ann');
    });
    after(() => ostiary.stop());

    const ask = async (visitor: Visitor, more: Parameters, from = client): Promise<Record<string, string>> =>
      answerOf(await visitor.open(authorizePath(from, more)));
    const signIn = async (visitor: Visitor, name: string) => {
      await visitor.submit({ uid_field: name });
      return answerOf(await visitor.submit({ password: `password of ${name}` }));
    };

    test('a request without anything is not there', async () => {
      assert.equal((await ann.request('/application/o/authorize/')).status, 404);
    });

    test('who is not known, or wants to be answered elsewhere, goes nowhere; administrators see why', async () => {
      for (const more of [
        { client_id: 'nobody' },
        { client_id: undefined },
        { redirect_uri: undefined },
        { redirect_uri: 'http://localhost:3000/callback/' },
        { redirect_uri: 'http://evil.example/callback' },
        { redirect_uri: 'javascript:alert(1)' },
      ]) {
        const answer = await ann.request(authorizePath(client, more));
        assert.equal(answer.status, 400, JSON.stringify(more));
        assert.equal(answer.location, undefined);
        assert.match(answer.body, /(Client ID|Redirect URI) Error/);
      }
      await ann.request(authorizePath(client, { redirect_uri: 'http://evil.example/callback' }));
      const events = await ostiary.core.database.read
        .selectFrom('events')
        .select('context')
        .where('action', '=', 'configuration_error')
        .execute();
      const contexts = events.map((each) => JSON.parse(each.context) as Record<string, unknown>);
      const [ours, ...again] = contexts.filter((each) => each.received === 'http://evil.example/callback');
      assert.deepEqual(ours?.registered, [{ url: 'http://localhost:3000/callback', matching_mode: 'strict' }]);
      assert.match(String(ours?.request_id), /^[0-9a-f]{32}$/);
      assert.equal(again.length, 0);
    });

    test('a client or address that comes twice goes nowhere, anything else twice is told to the client', async () => {
      const twice = (name: string) =>
        `${authorizePath(client)}&${name}=${encodeURIComponent('http://localhost:3000/callback')}`;
      assert.equal((await ann.request(twice('client_id'))).status, 400);
      assert.equal((await ann.request(twice('redirect_uri'))).status, 400);
      assert.equal(answerOf(await ann.request(`${authorizePath(client)}&scope=openid`)).error, 'invalid_request');
    });

    test('errors come back with state and issuer', async () => {
      const cases: [Parameters, string][] = [
        [{ response_type: undefined }, 'invalid_request'],
        [{ response_type: 'token' }, 'unsupported_response_type'],
        [{ response_type: 'constructor' }, 'unsupported_response_type'],
        [{ response_type: 'id_token', nonce: 'n' }, 'unauthorized_client'],
        [{ request: 'x' }, 'request_not_supported'],
        [{ request_uri: 'https://x' }, 'request_uri_not_supported'],
        [{ max_age: '-1' }, 'invalid_request'],
        [{ max_age: 'soon' }, 'invalid_request'],
        [{ prompt: 'none login' }, 'invalid_request'],
        [{ prompt: 'none consent' }, 'consent_required'],
        [{ code_challenge: 'x'.repeat(43), code_challenge_method: 'S512' }, 'invalid_request'],
        [{ code_challenge_method: 'S256' }, 'invalid_request'],
        [{ claims: '{' }, 'invalid_request'],
        [{ scope: 'openid "quoted"' }, 'invalid_scope'],
        [{ nonce: 'n'.repeat(3000) }, 'invalid_request'],
        [{ id_token_hint: 'not.a.token' }, 'invalid_request'],
      ];
      for (const [more, error] of cases) {
        const answer = await ask(ann, more);
        assert.equal(answer.error, error, JSON.stringify(more));
        assert.equal(answer.state, 'the state');
        assert.equal(answer.iss, client.issuer);
      }
    });

    test('prompt=none never shows a page', async () => {
      assert.equal((await ask(ostiary.visitor(), { prompt: 'none' })).error, 'login_required');
      assert.equal(typeof (await ask(ann, { prompt: 'none' })).code, 'string');
    });

    test('prompt=login asks again, once, and the new sign-in counts', async () => {
      const visitor = await ostiary.signedIn('ann');
      now += 60_000;
      await visitor.open(authorizePath(client, { prompt: 'login' }));
      const answer = await signIn(visitor, 'ann');
      const reply = await redeem(ostiary, client, answer.code ?? '');
      assert.equal(claimsOfToken(reply.json.id_token).auth_time, Math.floor(now / 1000));
    });

    test('max_age asks again when the sign-in is older', async () => {
      const visitor = await ostiary.signedIn('ann');
      now += 100_000;
      assert.equal(typeof (await ask(visitor, { max_age: '200' })).code, 'string');
      assert.equal((await ask(visitor, { max_age: '50', prompt: 'none' })).error, 'login_required');
      await visitor.open(authorizePath(client, { max_age: '0' }));
      assert.equal(typeof (await signIn(visitor, 'ann')).code, 'string');
    });

    test('an ID token of another person asks for that person', async () => {
      const bob = await ostiary.signedIn('bob');
      const reply = await redeem(ostiary, client, await codeFor(bob, client));
      const hint = String(reply.json.id_token);
      assert.equal((await ask(ann, { prompt: 'none', id_token_hint: hint })).error, 'login_required');
      assert.equal(typeof (await ask(bob, { prompt: 'none', id_token_hint: hint })).code, 'string');
    });

    test('a request by POST is carried on with the cookies of the browser', async () => {
      const path = authorizePath(client);
      const answer = await ann.request('/application/o/authorize/', {
        method: 'POST',
        body: path.slice(path.indexOf('?') + 1),
        headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'http://localhost:3000' },
      });
      assert.equal(answer.status, 303);
      assert.equal(typeof answerOf(await ann.open(answer.location ?? '')).code, 'string');
    });

    test('implicit and hybrid answers come in the fragment, and their hashes bind the parts together', async () => {
      for (const responseType of ['id_token', 'id_token token', 'code id_token', 'code token', 'token id_token code']) {
        const answer = await ann.open(authorizePath(everything, { response_type: responseType, nonce: 'n' }));
        assert.match(answer.location ?? '', /^http:\/\/localhost:3000\/callback#/);
        const parts = answerOf(answer);
        assert.equal(parts.code !== undefined, responseType.includes('code'), responseType);
        assert.equal(parts.id_token !== undefined, responseType.includes('id_token'), responseType);
        if (parts.id_token === undefined) continue;
        const claims = claimsOfToken(parts.id_token);
        assert.equal(claims.nonce, 'n');
        assert.equal(typeof claims.at_hash, 'string');
        assert.equal(claims.c_hash !== undefined, parts.code !== undefined);
        assert.equal((await userinfo(ostiary, parts.access_token)).status, 200);
      }
      assert.equal((await ask(ann, { response_type: 'id_token' }, everything)).error, 'invalid_request');
      const inQuery = { response_type: 'id_token', nonce: 'n', response_mode: 'query' };
      assert.equal((await ask(ann, inQuery, everything)).error, 'invalid_request');
    });

    test('form_post answers with a form that posts itself to the client', async () => {
      const answer = await ann.open(authorizePath(client, { response_mode: 'form_post' }));
      assert.equal(answer.status, 200);
      const form = ann.form();
      assert.equal(form.action, client.redirectUri);
      assert.equal(form.fields.state, 'the state');
      assert.equal((await redeem(ostiary, client, form.fields.code ?? '')).status, 200);
    });

    test('claims asked for by name are told where they were asked for', async () => {
      const claims = JSON.stringify({
        id_token: { email: null, nickname: null },
        userinfo: { groups: null, absent: null },
      });
      const code = await codeFor(ann, client, { scope: 'openid', claims });
      const { json } = await redeem(ostiary, client, code);
      const told = claimsOfToken(json.id_token);
      assert.equal(told.email, 'ann@example.org');
      assert.equal(told.nickname, 'ann');
      assert.equal(told.groups, undefined);
      assert.deepEqual((await userinfo(ostiary, json.access_token)).json.groups, []);
    });

    test('a client may insist on a person', async () => {
      const { json } = await redeem(ostiary, client, await codeFor(ann, client));
      const { sub } = claimsOfToken(json.id_token);
      const insisting = (value: unknown) => ({ claims: JSON.stringify({ id_token: { sub: { value } } }) });
      assert.equal(typeof (await ask(ann, insisting(sub))).code, 'string');
      assert.equal((await ask(ann, insisting('somebody else'))).error, 'login_required');
    });

    test('who may not enter reads so, and the client learns nothing', async () => {
      const closed = await ostiary.oauth2('closed');
      await ostiary.bind(closed.applicationId, { group: await ostiary.group('insiders') });
      const answer = await ann.open(authorizePath(closed));
      assert.equal(answer.status, 403);
      assert.equal(answer.location, undefined);
      assert.equal((await ask(ann, { prompt: 'none' }, closed)).error, 'access_denied');
    });

    test('consent is asked for in words, and a code comes only after it', async () => {
      const explicit = await ostiary.core.database.read
        .selectFrom('flows')
        .select('id')
        .where('slug', '=', 'default-provider-authorization-explicit-consent')
        .executeTakeFirstOrThrow();
      const asking = await ostiary.oauth2('asking', { authorization_flow: explicit.id });
      assert.equal((await ask(ann, { prompt: 'none' }, asking)).error, 'interaction_required');
      const claims = JSON.stringify({ userinfo: { email: null } });
      const page = await ann.open(authorizePath(asking, { scope: 'openid', claims }));
      assert.match(ann.words(), /email/);
      assert.equal(page.location, undefined);
      assert.match(ann.words(), /asking/);
      const answer = answerOf(await ann.submit({}));
      assert.equal((await redeem(ostiary, asking, answer.code ?? '')).status, 200);
    });

    test('public clients must use S256, and plain is refused', async () => {
      const open = await ostiary.oauth2('open', { client_type: 'public' });
      const { verifier, challenge } = pkce();
      assert.equal((await ask(ann, {}, open)).error, 'invalid_request');
      assert.equal(
        (await ask(ann, { code_challenge: verifier, code_challenge_method: 'plain' }, open)).error,
        'invalid_request',
      );
      const code = await codeFor(ann, open, { code_challenge: challenge, code_challenge_method: 'S256' });
      const reply = await redeem(ostiary, open, code, { client_secret: undefined, code_verifier: verifier });
      assert.equal(reply.status, 200, JSON.stringify(reply.json));
    });
  });
}

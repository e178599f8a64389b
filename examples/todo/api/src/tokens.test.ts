import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { RunningTodoApi } from './server.ts';
import type { Answer } from './test-caller.ts';
import { call, startApiFor } from './test-caller.ts';
import { TestIssuer } from './test-issuer.ts';

const HOUR_AGO = Math.floor(Date.now() / 1000) - 3600;

function assertRefused(answer: Answer, description: RegExp): void {
  assert.equal(answer.status, 401);
  const challenge = answer.headers.get('www-authenticate') ?? '';
  assert.match(challenge, /^Bearer error="invalid_token", error_description="[^"]+"$/);
  assert.match(challenge, description);
}

describe('A token', () => {
  let issuer: TestIssuer;
  let api: RunningTodoApi;
  before(async () => {
    issuer = await TestIssuer.start();
    api = await startApiFor(issuer);
  });
  after(async () => {
    await api.close();
    await issuer.close();
  });
  const list = (token: string): Promise<Answer> => call(api, 'GET', '/todos/', { token });

  test('that is good opens the list, whatever else its audience names', async () => {
    assert.equal((await list(await issuer.token('ann'))).status, 200);
    assert.equal((await list(await issuer.token('ann', { aud: ['other', issuer.audience] }))).status, 200);
  });

  test('that is missing is asked for without an error code', async () => {
    const answer = await call(api, 'GET', '/todos/');
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
    const basic = await call(api, 'GET', '/todos/', { headers: { authorization: 'Basic YW5uOmFubg==' } });
    assert.equal(basic.headers.get('www-authenticate'), 'Bearer');
  });

  test('that expired is told apart from one that is wrong', async () => {
    assertRefused(await list(await issuer.token('ann', { exp: HOUR_AGO })), /expired/);
    assertRefused(await list('no.token.atall'), /invalid/);
  });

  test('that is wrong in any other way is refused', async () => {
    const stranger = await TestIssuer.start();
    stranger.url = issuer.url;
    const refusals: [string, string, RegExp][] = [
      ['another audience', await issuer.token('ann', { aud: 'other' }), /audience/],
      ['no audience', await issuer.token('ann', { aud: undefined }), /audience/],
      ['another issuer', await issuer.token('ann', { iss: 'https://elsewhere.example/' }), /issuer/],
      ['the issuer without its slash', await issuer.token('ann', { iss: issuer.url.slice(0, -1) }), /issuer/],
      ['no expiry', await issuer.token('ann', { exp: undefined }), /invalid/],
      ['not valid yet', await issuer.token('ann', { nbf: Math.floor(Date.now() / 1000) + 3600 }), /invalid/],
      ['no subject', await issuer.token('ann', { sub: undefined }), /invalid/],
      ['an empty subject', await issuer.token(''), /subject/],
      ['a subject with a NUL', await issuer.token('an\0n'), /subject/],
      ['alg none', issuer.unsignedToken('ann'), /invalid/],
      ['HS256 with the public key', await issuer.tokenSignedWithPublicKey('ann'), /invalid/],
      ['the key id of another key', await stranger.token('ann'), /invalid/],
      ['an unknown key id', await issuer.token('ann', {}, { kid: 'nobody' }), /invalid/],
      ['a changed payload', (await issuer.token('ann')).replace(/\.[^.]{9}/, '.AAAAAAAAA'), /invalid/],
      ['a space inside', 'two words', /malformed/],
    ];
    for (const [name, token, description] of refusals) {
      await test(name, async () => assertRefused(await list(token), description));
    }
    await stranger.close();
  });

  test('in a header that names only the scheme is refused as malformed', async () => {
    assertRefused(await call(api, 'GET', '/todos/', { headers: { authorization: 'Bearer' } }), /malformed/);
  });

  for (const algorithm of ['ES256', 'EdDSA', 'RS256']) {
    test(`signed by a new ${algorithm} key is accepted at once, and the old key no longer`, async () => {
      const old = await issuer.token('ann');
      assert.equal((await list(old)).status, 200);
      await issuer.rotate(`rotated-${algorithm}`, algorithm);
      assert.equal((await list(await issuer.token('ann'))).status, 200);
      assertRefused(await list(old), /invalid/);
    });
  }
});

describe('The key set of the issuer', () => {
  test('is fetched once for many strangers with made-up key ids', async () => {
    const issuer = await TestIssuer.start();
    const api = await startApiFor(issuer, { jwksCooldownMilliseconds: 60_000 });
    const strangers = Array.from({ length: 40 }, (_, index) =>
      issuer.token('mallory', {}, { kid: `made-up-${index}` }),
    );
    const answers = await Promise.all(
      strangers.map(async (token) => call(api, 'GET', '/todos/', { token: await token })),
    );
    for (const answer of answers) assertRefused(answer, /invalid/);
    assert.equal(issuer.keyFetches, 1);
    await api.close();
    await issuer.close();
  });

  test('that cannot be fetched is no verdict on the token, and is not asked for again at once', async () => {
    const issuer = await TestIssuer.start();
    const api = await startApiFor(issuer, { jwksCooldownMilliseconds: 60_000 });
    issuer.away = true;
    const token = await issuer.token('ann');
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const answer = await call(api, 'GET', '/todos/', { token });
      assert.equal(answer.status, 503);
      assert.equal(answer.headers.get('www-authenticate'), null);
    }
    assert.equal(issuer.keyFetches, 1);
    await api.close();
    await issuer.close();
  });

  test('is not fetched for what cannot be a good token', async () => {
    const issuer = await TestIssuer.start();
    const api = await startApiFor(issuer);
    for (const token of ['rubbish', issuer.unsignedToken('ann'), await issuer.tokenSignedWithPublicKey('ann')]) {
      assertRefused(await call(api, 'GET', '/todos/', { token }), /invalid/);
    }
    assert.equal(issuer.keyFetches, 0);
    await api.close();
    await issuer.close();
  });
});

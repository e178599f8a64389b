/** Attempts to get around what binds a code to its asker, and to send answers elsewhere. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type OAuth2Client, startOstiary, type TestOstiary } from '../environment/ostiary.ts';
import { answerOf, authorizePath, codeFor, isAlive, pkce, redeem, strict } from '../environment/relying-party.ts';
import type { Visitor } from '../environment/visitor.ts';

describe('downgrades and detours', () => {
  let ostiary: TestOstiary;
  let confidential: OAuth2Client;
  let open: OAuth2Client;
  let ann: Visitor;
  before(async () => {
    ostiary = await startOstiary();
    confidential = await ostiary.oauth2('confidential');
    open = await ostiary.oauth2('open', { client_type: 'public' });
    await ostiary.person('ann');
    ann = await ostiary.signedIn('ann');
  });
  after(() => ostiary.stop());

  const bound = (challenge: string) => ({ code_challenge: challenge, code_challenge_method: 'S256' });

  test('a bound code is worth nothing without its verifier, with another, or with the challenge', async () => {
    for (const client of [confidential, open]) {
      const { verifier, challenge } = pkce();
      const secret = client === open ? { client_secret: undefined } : {};
      const code = await codeFor(ann, client, bound(challenge));
      for (const code_verifier of [undefined, '', pkce().verifier, challenge, `${verifier} `, verifier.slice(0, 42)]) {
        const reply = await redeem(ostiary, client, code, { ...secret, code_verifier });
        assert.equal(reply.json.error, 'invalid_grant', String(code_verifier));
      }
      // The tries of somebody without the verifier do not use the code up.
      assert.equal((await redeem(ostiary, client, code, { ...secret, code_verifier: verifier })).status, 200);
    }
  });

  test('a verifier for a code without challenge is refused: the challenge may have been cut out on the way', async () => {
    const code = await codeFor(ann, confidential);
    const reply = await redeem(ostiary, confidential, code, { code_verifier: pkce().verifier });
    assert.equal(reply.json.error, 'invalid_grant');
  });

  test('a code is redeemed at the address that it was sent to, and at no other registered one', async () => {
    const second = 'http://localhost:3000/second';
    const two = await ostiary.oauth2('two', { redirect_uris: strict('http://localhost:3000/callback', second) });
    const code = await codeFor(ann, two);
    for (const redirect_uri of [
      second,
      undefined,
      '',
      'http://localhost:3000/callback/',
      'HTTP://localhost:3000/callback',
    ]) {
      assert.equal(
        (await redeem(ostiary, two, code, { redirect_uri })).json.error,
        'invalid_grant',
        String(redirect_uri),
      );
    }
    assert.equal((await redeem(ostiary, two, code)).status, 200);
  });

  test('a spent code in the hands of a stranger does not end what its owner holds', async () => {
    const code = await codeFor(ann, confidential);
    const { json } = await redeem(ostiary, confidential, code);
    const { challenge, verifier } = pkce();
    assert.equal(typeof (await codeFor(ann, open, bound(challenge))), 'string');
    await redeem(ostiary, open, code, { client_secret: undefined, code_verifier: verifier });
    await redeem(ostiary, confidential, code, { client_secret: 'wrong' });
    assert.equal(await isAlive(ostiary, confidential, json.access_token), true);
    await redeem(ostiary, confidential, code);
    assert.equal(await isAlive(ostiary, confidential, json.access_token), false);
  });

  test('a note that somebody was sent to sign in cannot be used for another request, nor written by hand', async () => {
    const sent = await ann.request(authorizePath(confidential, { prompt: 'login', state: 'one' }));
    const next = new URL(sent.location ?? '').searchParams.get('next') ?? '';
    const ticket = new URL(next, ostiary.url).searchParams.get('ostiary_ticket') ?? '';
    assert.notEqual(ticket, '');
    const fresh = await ostiary.signedIn('ann');
    for (const note of [ticket, 'x'.repeat(120), '']) {
      const path = `${authorizePath(confidential, { prompt: 'login', state: 'two' })}&ostiary_ticket=${note}`;
      const answer = await fresh.request(path);
      assert.match(answer.location ?? '', /\/if\/flow\/default-authentication-flow\//);
    }
  });

  test('two people at one browser: the answer is for who is signed in when it is given', async () => {
    await ostiary.person('bob');
    const visitor = await ostiary.signedIn('ann');
    await visitor.open(authorizePath(confidential, { prompt: 'login' }));
    await visitor.submit({ uid_field: 'bob' });
    const { code } = answerOf(await visitor.submit({ password: 'password of bob' }));
    const { json } = await redeem(ostiary, confidential, code ?? '');
    const claims = JSON.parse(Buffer.from(String(json.id_token).split('.')[1] ?? '', 'base64url').toString()) as object;
    assert.equal((claims as { preferred_username?: string }).preferred_username, 'bob');
  });

  test('parameters twice, at every endpoint, are refused', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    for (const endpoint of ['token', 'introspect', 'revoke', 'device']) {
      for (const name of ['client_id', 'client_secret', 'grant_type', 'token', 'scope', 'anything']) {
        const body = new URLSearchParams([
          ['client_id', confidential.clientId],
          ['client_secret', confidential.clientSecret],
          [name, 'one'],
          [name, 'two'],
        ]).toString();
        const response = await fetch(`${ostiary.url}/application/o/${endpoint}/`, {
          method: 'POST',
          headers: form,
          body,
        });
        assert.equal(response.status, 400, `${endpoint} ${name}`);
        assert.equal(((await response.json()) as { error: string }).error, 'invalid_request');
      }
    }
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type OAuth2Client, startOstiary, type TestOstiary } from '../../../tests/environment/ostiary.ts';
import { brandsOf } from '../../core/brands.ts';
import { brandModel } from '../../core/models/access.ts';
import { updateObject } from '../../core/objects.ts';
import type { Visitor } from '../../../tests/environment/visitor.ts';
import {
  answerOf,
  authorizePath,
  codeFor,
  isAlive,
  type Parameters,
  redeem,
} from '../../../tests/environment/relying-party.ts';

describe('signing out', () => {
  let ostiary: TestOstiary;
  let client: OAuth2Client;
  before(async () => {
    ostiary = await startOstiary();
    client = await ostiary.oauth2('notes');
    await ostiary.person('ann');
  });
  after(() => ostiary.stop());

  const path = (from: OAuth2Client, more: Parameters = {}): string =>
    `/application/o/${from.slug}/end-session/?${new URLSearchParams(more as Record<string, string>)}`;
  const enter = async (from = client) => {
    const visitor = await ostiary.signedIn('ann');
    const { json } = await redeem(
      ostiary,
      from,
      await codeFor(visitor, from, { scope: 'openid profile offline_access' }),
    );
    return { visitor, hint: String(json.id_token), access: json.access_token, refresh: json.refresh_token };
  };
  const isSignedIn = async (visitor: Visitor): Promise<boolean> =>
    answerOf(await visitor.open(authorizePath(client, { prompt: 'none' }))).error === undefined;

  test('ends the session here and what belonged to it, and leads back with state', async () => {
    const { visitor, hint, access, refresh } = await enter();
    const address = 'http://localhost:3000';
    const answer = await visitor.open(
      path(client, { id_token_hint: hint, post_logout_redirect_uri: address, state: 's' }),
    );
    assert.equal(answer.location, 'http://localhost:3000/?state=s');
    assert.equal(await isSignedIn(visitor), false);
    assert.equal(await isAlive(ostiary, client, access), false);
    assert.equal(await isAlive(ostiary, client, refresh), true);
  });

  test('asks first when a link without proof leads here', async () => {
    const { visitor } = await enter();
    const answer = await visitor.open(path(client, { post_logout_redirect_uri: 'http://localhost:3000' }));
    assert.equal(answer.location, undefined);
    assert.match(visitor.words(), /Sign out\?/);
    assert.equal(await isSignedIn(visitor), true);
    await visitor.open(path(client));
    const done = await visitor.submit({});
    assert.equal(done.location, undefined);
    assert.equal(await isSignedIn(visitor), false);
  });

  test('a form of another site signs nobody out', async () => {
    const { visitor } = await enter();
    const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://evil.example' };
    await visitor.request(path(client), { method: 'POST', body: 'component=ostiary-flow-confirm', headers });
    assert.equal(await isSignedIn(visitor), true);
  });

  test('the hint of another person does not sign this one out unasked', async () => {
    await ostiary.person('bob');
    const { hint } = await enter();
    const bob = await ostiary.signedIn('bob');
    await bob.open(path(client, { id_token_hint: hint }));
    assert.equal(await isSignedIn(bob), true);
  });

  test('leads nowhere that was not registered', async () => {
    const { visitor, hint } = await enter();
    for (const address of [
      'https://evil.example',
      'http://localhost:3000.evil.example/',
      'http://localhost:3000/elsewhere',
      'http://localhost:3001/',
    ]) {
      const answer = await visitor.open(path(client, { id_token_hint: hint, post_logout_redirect_uri: address }));
      assert.equal(answer.location, undefined, address);
      assert.equal(answer.status, 200);
    }
  });

  test('with registered addresses for it, those and no others', async () => {
    const strict = {
      matching_mode: 'strict',
      url: 'http://localhost:3000/callback',
      redirect_uri_type: 'authorization',
    };
    const out = { matching_mode: 'strict', url: 'https://app.example.com/bye', redirect_uri_type: 'logout' };
    const exact = await ostiary.oauth2('exact', { redirect_uris: [strict, out] });
    const { visitor, hint } = await enter(exact);
    const to = (address: string) => path(exact, { id_token_hint: hint, post_logout_redirect_uri: address });
    assert.equal((await visitor.request(to('http://localhost:3000/'))).status, 400);
    assert.equal((await visitor.open(to('https://app.example.com/bye'))).location, 'https://app.example.com/bye');
  });

  test('a hint that is not ours, or for another client, is refused', async () => {
    const { visitor, hint } = await enter();
    const other = await ostiary.oauth2('other');
    assert.equal((await visitor.request(path(client, { id_token_hint: `${hint}x` }))).status, 400);
    assert.equal((await visitor.request(path(other, { id_token_hint: hint }))).status, 400);
    assert.equal((await visitor.request('/application/o/absent/end-session/')).status, 404);
    assert.equal(await isSignedIn(visitor), true);
  });

  test('leaves the session alone where the provider says so', async () => {
    const apart = await ostiary.oauth2('apart', { logout_scope: 'application' });
    const { visitor, hint, access } = await enter(apart);
    await visitor.open(path(apart, { id_token_hint: hint }));
    assert.equal(await isSignedIn(visitor), true);
    assert.equal(await isAlive(ostiary, apart, access), false);
  });

  test('the last page calls this server as its brand does', async () => {
    const [brand] = await brandsOf(ostiary.core);
    const partly = await ostiary.oauth2('partly', { logout_scope: 'application' });
    await ostiary.core.database.write((each) =>
      updateObject(ostiary.core, each, brandModel, brand?.id ?? '', { branding_title: 'Example Sign-in' }),
    );
    ostiary.core.configuration.clear();
    const { visitor, hint } = await enter(partly);
    await visitor.open(path(partly, { id_token_hint: hint }));
    assert.match(visitor.words(), /still signed in to Example Sign-in/);
  });

  test('is no trouble for somebody who is not signed in', async () => {
    const { hint } = await enter();
    const answer = await ostiary
      .visitor()
      .open(path(client, { id_token_hint: hint, post_logout_redirect_uri: 'http://localhost:3000/' }));
    assert.equal(answer.location, 'http://localhost:3000/');
  });
});

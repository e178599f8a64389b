import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { updateObject } from '../../core/objects.ts';
import { createToken } from '../../core/tokens.ts';
import { oauth2Model } from './oauth2.settings.ts';
import { type OAuth2Client, startOstiary, type TestOstiary } from '../../../tests/environment/ostiary.ts';
import {
  claimsOfToken,
  codeFor,
  type Parameters,
  pkce,
  post,
  redeem,
  strict,
  tokens,
} from '../../../tests/environment/relying-party.ts';

const basic = (text: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(text).toString('base64')}`,
});

describe('the client at the token endpoint', () => {
  let ostiary: TestOstiary;
  let client: OAuth2Client;
  before(async () => {
    ostiary = await startOstiary();
    client = await ostiary.oauth2('notes');
    await ostiary.person('ann');
  });
  after(() => ostiary.stop());

  const grant = { grant_type: 'client_credentials' };
  const ask = (form: Parameters, headers: Record<string, string> = {}) =>
    post(ostiary, 'token', { ...grant, ...form }, headers);

  test('proves who it is by form or by header, percent-encoded or not', async () => {
    const odd = await ostiary.oauth2('odd', { client_id: 'an id+1', client_secret: 'sp ace%2B+plus' });
    assert.equal(
      (await ask({ client_id: odd.clientId, client_secret: 'secret of odd with forty characters or more' })).status,
      400,
    );
    for (const headers of [
      basic('an id+1:sp ace%2B+plus'),
      basic('an%20id%2B1:sp%20ace%252B%2Bplus'),
      basic('an+id%2B1:sp+ace%252B%2Bplus'),
    ]) {
      assert.equal((await ask({}, headers)).status, 200);
    }
    assert.equal((await ask({ client_id: 'an id+1', client_secret: 'sp ace%2B+plus' })).status, 200);
    assert.equal(
      (await ask({ client_id: client.clientId }, basic(`${client.clientId}:${client.clientSecret}`))).status,
      200,
    );
  });

  test('is refused in words of OAuth, and challenged only where it used the header', async () => {
    const { clientId: client_id, clientSecret: client_secret } = client;
    const cases: [Parameters, Record<string, string>, number, string][] = [
      [{}, {}, 400, 'invalid_client'],
      [{ client_id: 'nobody', client_secret }, {}, 400, 'invalid_client'],
      [{ client_id, client_secret: 'wrong' }, {}, 400, 'invalid_client'],
      [{ client_id }, {}, 400, 'invalid_client'],
      [{}, basic(`${client_id}:wrong`), 401, 'invalid_client'],
      [{}, basic('nobody:wrong'), 401, 'invalid_client'],
      [{}, { authorization: 'Basic !!!' }, 401, 'invalid_client'],
      [{}, { authorization: 'Basic' }, 401, 'invalid_client'],
      [{}, { authorization: `Bearer ${client_secret}` }, 401, 'invalid_client'],
      [{}, basic('no colon at all'), 401, 'invalid_client'],
      [{}, basic(`${client_id}:${client_secret}\n`), 401, 'invalid_client'],
      [{ client_secret }, basic(`${client_id}:${client_secret}`), 400, 'invalid_request'],
      [{ client_id: 'another' }, basic(`${client_id}:${client_secret}`), 400, 'invalid_request'],
      [{ client_id, client_secret, grant_type: undefined }, {}, 400, 'invalid_request'],
      [{ client_id, client_secret, grant_type: 'constructor' }, {}, 400, 'unsupported_grant_type'],
      [{ client_id, client_secret, grant_type: 'password' }, {}, 400, 'invalid_grant'],
      [{ client_id: 'x'.repeat(300), client_secret }, {}, 400, 'invalid_client'],
      [{ client_id, client_secret: 'x'.repeat(40_000) }, {}, 400, 'invalid_request'],
    ];
    for (const [form, headers, status, error] of cases) {
      const reply = await ask(form, headers);
      assert.equal(reply.status, status, JSON.stringify([form, headers]));
      assert.equal(reply.json.error, error, JSON.stringify([form, headers]));
      assert.equal(typeof reply.json.error_description, 'string');
      assert.equal(reply.headers.get('www-authenticate') !== null, status === 401);
      assert.equal(reply.headers.get('cache-control'), 'no-store');
    }
  });

  test('is told of bodies that cannot be read, in the same form', async () => {
    const send = async (body: string, type: string) => {
      const headers = { 'content-type': type };
      const response = await fetch(`${ostiary.url}/application/o/token/`, { method: 'POST', headers, body });
      return { status: response.status, json: (await response.json()) as Record<string, unknown> };
    };
    const form = 'application/x-www-form-urlencoded';
    for (const [body, type] of [
      ['grant_type=%zz', form],
      ['grant_type=a&grant_type=b', form],
      ['a=%00', form],
      [`a=${'x'.repeat(2_000_000)}`, form],
      ['{"grant_type":"client_credentials"}', 'application/json'],
      ['{', 'application/json'],
      ['<x/>', 'application/xml'],
      [Array.from({ length: 500 }, (_, index) => `p${index}=1`).join('&'), form],
    ] as const) {
      const { status, json } = await send(body, type);
      assert.ok(status >= 400 && status < 500, `${body.slice(0, 40)}: ${status}`);
      assert.equal(json.error, 'invalid_request', body.slice(0, 40));
    }
  });

  test('that guesses is locked out, and a good one elsewhere is not', async () => {
    const target = await ostiary.oauth2('target');
    const { clientId: client_id, clientSecret: client_secret } = target;
    const from = (address: string) => ({ 'x-forwarded-for': address });
    const guesses = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        ask({ client_id, client_secret: `guess ${index}` }, from('203.0.113.7')),
      ),
    );
    assert.equal(guesses.filter((each) => each.status === 400).length, 20);
    assert.equal(guesses.filter((each) => each.status === 429).length, 20);
    const right = await ask({ client_id, client_secret }, from('203.0.113.7'));
    assert.equal(right.status, 429);
    assert.ok(Number(right.headers.get('retry-after')) > 0);
    assert.equal((await ask({ client_id, client_secret }, from('203.0.113.8'))).status, 200);
  });

  test('of this machine may redeem without its secret, as the tutorial has it, and nowhere else', async () => {
    const ann = await ostiary.signedIn('ann');
    const { verifier, challenge } = pkce();
    const bound = { code_challenge: challenge, code_challenge_method: 'S256' };
    const bare = { client_secret: undefined, code_verifier: verifier };
    const here = { origin: 'http://localhost:3000' };
    const good = await redeem(ostiary, client, await codeFor(ann, client, bound), bare, here);
    assert.equal(good.status, 200, JSON.stringify(good.json));
    const wrong = { ...bare, client_secret: 'wrong' };
    const elsewhere = await ostiary.oauth2('elsewhere', { redirect_uris: strict('https://app.example.com/cb') });
    elsewhere.redirectUri = 'https://app.example.com/cb';
    const off = await ostiary.oauth2('off', { loopback_public_exception: false });
    const pattern = { matching_mode: 'regex', url: 'http://localhost:3000/.*', redirect_uri_type: 'authorization' };
    const loose = await ostiary.oauth2('loose', { redirect_uris: [pattern] });
    const cases: [string, OAuth2Client, Parameters, Parameters, Record<string, string>][] = [
      ['wrong secret', client, bound, wrong, here],
      ['no origin', client, bound, bare, {}],
      ['another origin', client, bound, bare, { origin: 'http://localhost:3001' }],
      ['another scheme', client, bound, bare, { origin: 'https://localhost:3000' }],
      ['no binding', client, {}, { client_secret: undefined }, here],
      ['not this machine', elsewhere, bound, bare, { origin: 'https://app.example.com' }],
      ['turned off', off, bound, bare, here],
      ['a pattern', loose, bound, bare, here],
    ];
    for (const [what, from, asked, form, headers] of cases) {
      const reply = await redeem(ostiary, from, await codeFor(ann, from, asked), form, headers);
      assert.equal(reply.json.error, 'invalid_client', what);
    }
    const unproven = await redeem(
      ostiary,
      client,
      await codeFor(ann, client, bound),
      { ...bare, code_verifier: pkce().verifier },
      here,
    );
    assert.equal(unproven.json.error, 'invalid_grant');
  });

  test('may be an account with an app password, in each of the ways that guides show', async () => {
    const robot = await ostiary.person('robot', { type: 'service_account' });
    const make = (identifier: string, intent: 'app_password' | 'api', key: string) =>
      ostiary.core.database.write((transaction) =>
        createToken(ostiary.core, transaction, { identifier, intent, user: robot.pk }, key),
      );
    await make('robot-password', 'app_password', 'an app password of the robot');
    await make('robot-api', 'api', 'an api key of the robot');
    const { clientId: client_id } = client;
    const password = 'an app password of the robot'.replaceAll(' ', '-');
    await make('robot-dashes', 'app_password', password);
    const pair = Buffer.from(`robot:${password}`).toString('base64');
    for (const [form, headers] of [
      [{ client_id, username: 'robot', password: 'an app password of the robot', scope: 'profile' }, {}],
      [{ client_id, client_secret: pair, scope: 'profile' }, {}],
      [{ scope: 'profile' }, basic(`${client_id}:${pair}`)],
    ] as [Parameters, Record<string, string>][]) {
      const reply = await ask(form, headers);
      assert.equal(reply.status, 200, JSON.stringify(reply.json));
      assert.equal(claimsOfToken(reply.json.access_token).preferred_username, 'robot');
    }
    for (const form of [
      { client_id, username: 'robot', password: 'password of robot' },
      { client_id, username: 'robot', password: 'an api key of the robot' },
      { client_id, username: 'ann', password: 'an app password of the robot' },
      { client_id, username: 'nobody', password: 'an app password of the robot' },
    ]) {
      assert.equal((await ask(form)).json.error, 'invalid_grant', JSON.stringify(form));
    }
    assert.equal((await ask({ client_id, username: 'robot' })).json.error, 'invalid_request');
  });

  test('may show a token of a provider that it trusts, while that token is alive', async () => {
    const source = await ostiary.oauth2('source');
    const trusting = await ostiary.oauth2('trusting', { jwt_federation_providers: [source.providerPk] });
    const { json } = await tokens(ostiary, source, { ...grant, scope: 'profile' });
    const assertion = String(json.access_token);
    const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
    const good = {
      client_id: trusting.clientId,
      client_assertion_type: type,
      client_assertion: assertion,
      scope: 'profile',
    };
    const reply = await ask(good);
    assert.equal(reply.status, 200, JSON.stringify(reply.json));
    assert.equal(claimsOfToken(reply.json.access_token).preferred_username, 'ak-source provider-client_credentials');
    assert.equal((await ask({ client_id: trusting.clientId, client_secret: assertion })).status, 200);
    const flipped = `${assertion.slice(0, -4)}${assertion.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`;
    for (const form of [
      { ...good, client_id: client.clientId },
      { ...good, client_assertion: flipped },
      {
        ...good,
        client_assertion: `${Buffer.from('{"alg":"none"}').toString('base64url')}.${assertion.split('.')[1]}.`,
      },
      { ...good, client_assertion: String(json.id_token) },
      { ...good, client_assertion_type: 'something else' },
      { ...good, client_secret: trusting.clientSecret },
    ]) {
      assert.equal((await ask(form)).status, 400);
    }
    await post(ostiary, 'revoke', { client_id: source.clientId, client_secret: source.clientSecret, token: assertion });
    assert.equal((await ask(good)).json.error, 'invalid_client');
  });

  test('gets another account when its own was deleted, and nobody takes its place', async () => {
    const lone = await ostiary.oauth2('lone');
    const nameOf = async () =>
      claimsOfToken((await tokens(ostiary, lone, { ...grant, scope: 'profile' })).json.access_token);
    const first = await nameOf();
    const { core } = ostiary;
    await core.database.write((each) =>
      each.deleteFrom('users').where('username', '=', 'ak-lone provider-client_credentials').execute(),
    );
    await ostiary.person('newcomer');
    const second = await nameOf();
    assert.equal(second.preferred_username, first.preferred_username);
    assert.notEqual(second.sub, first.sub);
  });

  test('has no part in the account of another client that has or had the same name', async () => {
    const subjectOf = async (of: OAuth2Client): Promise<unknown> =>
      claimsOfToken((await tokens(ostiary, of, grant)).json.access_token).sub;
    const long = 'x'.repeat(150);
    const one = await subjectOf(await ostiary.oauth2('long-one', { name: `${long} one` }));
    assert.notEqual(await subjectOf(await ostiary.oauth2('long-two', { name: `${long} two` })), one);
    const first = await ostiary.oauth2('had-the-name', { name: 'Billing' });
    const earlier = await subjectOf(first);
    const { core } = ostiary;
    const name = 'Billing, the old one';
    await core.database.write((each) => updateObject(core, each, oauth2Model, first.providerId, { name } as never));
    core.configuration.clear();
    assert.notEqual(await subjectOf(await ostiary.oauth2('has-the-name', { name: 'Billing' })), earlier);
  });

  test('has an account of its own that nobody else can have made', async () => {
    const taken = await ostiary.oauth2('taken');
    const person = await ostiary.person('ak-taken provider-client_credentials');
    const given = claimsOfToken((await tokens(ostiary, taken, { ...grant, scope: 'profile' })).json.access_token);
    assert.notEqual(given.sub, person.uid);
    assert.equal(given.preferred_username, `ak-taken provider-${taken.providerPk}-client_credentials`);
    const open = await ostiary.oauth2('open', { client_type: 'public' });
    assert.equal((await tokens(ostiary, open, grant)).json.error, 'unauthorized_client');
  });
});

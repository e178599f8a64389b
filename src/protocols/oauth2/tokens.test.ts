import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { compactDecrypt, createLocalJWKSet, createRemoteJWKSet, jwtVerify } from 'jose';
import { generateCertificate, type GeneratedKeyKind } from '../../core/crypto/certificates.ts';
import { certificateModel } from '../../core/models/certificate.ts';
import { updateObject } from '../../core/objects.ts';
import { type OAuth2Client, startOstiary, type TestOstiary } from '../../../tests/environment/ostiary.ts';
import {
  claimsOfToken,
  codeFor,
  type Json,
  redeem,
  scopeMappingOf,
  tokens,
  userinfo,
} from '../../../tests/environment/relying-party.ts';
import { oauth2Model } from './oauth2.settings.ts';

describe('tokens', () => {
  let ostiary: TestOstiary;
  let now = Date.now();
  before(async () => {
    ostiary = await startOstiary({ now: () => now });
    await ostiary.person('ann', { groups: [await ostiary.group('staff')] });
  });
  after(() => ostiary.stop());

  const makeKey = async (kind: GeneratedKeyKind) => {
    const request = { commonName: `test ${kind} ${Math.random()}`, kind, validDays: 10 };
    const { certificatePem, privateKeyPem } = await generateCertificate(request);
    const values = { name: request.commonName, certificate_data: certificatePem, key_data: privateKeyPem };
    const { id } = await ostiary.make(certificateModel, values);
    return { id, privateKey: createPrivateKey(privateKeyPem) };
  };
  const keysOf = async (client: OAuth2Client): Promise<{ keys: Json[] }> =>
    (await (await fetch(`${client.issuer}jwks/`)).json()) as { keys: Json[] };
  const program = { grant_type: 'client_credentials', scope: 'openid' };

  for (const [kind, algorithm] of [
    ['ecdsa-p256', 'ES256'],
    ['ed25519', 'EdDSA'],
    ['rsa-2048', 'RS256'],
  ] as const) {
    test(`are signed with ${algorithm} where the provider has such a key`, async () => {
      const client = await ostiary.oauth2(kind, { signing_key: (await makeKey(kind)).id });
      const { json } = await tokens(ostiary, client, program);
      const keys = createRemoteJWKSet(new URL(`${client.issuer}jwks/`));
      const expected = { algorithms: [algorithm], issuer: client.issuer, audience: client.clientId };
      const { payload } = await jwtVerify(String(json.id_token), keys, { ...expected, currentDate: new Date(now) });
      assert.equal(payload.azp, undefined);
      await jwtVerify(String(json.access_token), keys, { ...expected, currentDate: new Date(now) });
    });
  }

  test('without a key are signed with the secret of the client, and no key is published', async () => {
    const client = await ostiary.oauth2('shared', { signing_key: null });
    const { json } = await tokens(ostiary, client, program);
    const secret = new TextEncoder().encode(client.clientSecret);
    const { protectedHeader } = await jwtVerify(String(json.id_token), secret, { currentDate: new Date(now) });
    assert.equal(protectedHeader.alg, 'HS256');
    assert.equal('kid' in protectedHeader, false);
    assert.deepEqual(await keysOf(client), { keys: [] });
  });

  test('can be checked after the key was changed, until the last of the old ones has ended', async () => {
    const first = await makeKey('ecdsa-p256');
    const second = await makeKey('ecdsa-p256');
    const client = await ostiary.oauth2('rotating', { signing_key: first.id });
    const old = await tokens(ostiary, client, program);
    const { core } = ostiary;
    await core.database.write((each) =>
      updateObject(core, each, oauth2Model, client.providerId, { signing_key: second.id }),
    );
    core.configuration.clear();
    const fresh = await tokens(ostiary, client, program);
    const both = createLocalJWKSet((await keysOf(client)) as never);
    for (const { json } of [old, fresh]) await jwtVerify(String(json.id_token), both, { currentDate: new Date(now) });
    assert.equal((await userinfo(ostiary, old.json.access_token)).status, 200);
    now += 3 * 3600 * 1000;
    core.configuration.clear();
    assert.equal((await keysOf(client)).keys.length, 1);
  });

  test('are encrypted to the client where it has a key for that, and work all the same', async () => {
    const key = await makeKey('rsa-2048');
    const client = await ostiary.oauth2('encrypted', { encryption_key: key.id });
    const { json } = await tokens(ostiary, client, program);
    const { plaintext, protectedHeader } = await compactDecrypt(String(json.id_token), key.privateKey);
    assert.equal(protectedHeader.alg, 'RSA-OAEP-256');
    assert.equal(protectedHeader.enc, 'A256CBC-HS512');
    const { keys } = await keysOf(client);
    assert.ok(keys.some((each) => each.use === 'enc' && each.kid === protectedHeader.kid));
    const signing = createLocalJWKSet({ keys: keys.filter((each) => each.use === 'sig') } as never);
    await jwtVerify(new TextDecoder().decode(plaintext), signing, {
      audience: client.clientId,
      currentDate: new Date(now),
    });
    assert.equal((await userinfo(ostiary, json.access_token)).status, 200);
  });

  test('name the person as the provider says', async () => {
    const ann = await ostiary.signedIn('ann');
    const row = await ostiary.core.database.read
      .selectFrom('users')
      .select(['pk', 'id', 'uid'])
      .where('username', '=', 'ann')
      .executeTakeFirstOrThrow();
    for (const [mode, sub] of [
      ['hashed_user_id', row.uid],
      ['user_id', String(row.pk)],
      ['user_uuid', row.id],
      ['user_username', 'ann'],
      ['user_email', 'ann@example.org'],
      ['user_upn', row.uid],
    ] as const) {
      const client = await ostiary.oauth2(`sub-${mode}`.replaceAll('_', '-'), {
        sub_mode: mode,
        issuer_mode: 'global',
      });
      const { json } = await redeem(ostiary, client, await codeFor(ann, client));
      assert.equal(claimsOfToken(json.id_token).sub, sub, mode);
      assert.equal(claimsOfToken(json.id_token).iss, `${ostiary.url}/`);
      assert.equal((await userinfo(ostiary, json.access_token)).json.sub, sub, mode);
    }
  });

  test('hold no claims of scopes where the provider keeps them for userinfo', async () => {
    const ann = await ostiary.signedIn('ann');
    const client = await ostiary.oauth2('sparse', { include_claims_in_id_token: false });
    const { json } = await redeem(ostiary, client, await codeFor(ann, client));
    assert.equal(claimsOfToken(json.id_token).email, undefined);
    assert.equal(claimsOfToken(json.access_token).groups, undefined);
    assert.deepEqual((await userinfo(ostiary, json.access_token)).json.groups, ['staff']);
  });

  test('carry what an expression tells, but never in place of what verifiers rest on', async () => {
    const expression =
      "return { shoe: 42, who: user.username, groups: user.groups.map((g) => g.name), iss: 'evil', aud: 'evil', exp: 1 };";
    const mapping = await scopeMappingOf(ostiary, 'shoes', expression, 'javascript');
    const client = await ostiary.oauth2('shoes', { property_mappings: [mapping] });
    const { json } = await tokens(ostiary, client, { ...program, scope: 'openid shoes' });
    const claims = claimsOfToken(json.id_token);
    assert.equal(claims.shoe, 42);
    assert.equal(claims.who, 'ak-shoes provider-client_credentials');
    assert.equal(claims.iss, client.issuer);
    assert.equal(claims.aud, client.clientId);
    assert.equal(claims.exp, Math.floor(now / 1000) + 3600);
  });

  test('know the groups of a person by name and by key, also those above, as policies do', async () => {
    const top = await ostiary.group('cobblers');
    await ostiary.person('apprentice', { groups: [await ostiary.group('apprentices', { parents: [top] })] });
    const expression = `return { byName: ak_is_group_member(user, { name: 'cobblers' }),
      byKey: ak_is_group_member(user, { pk: '${top}' }), other: ak_is_group_member(user, { pk: user.uuid }) };`;
    const mapping = await scopeMappingOf(ostiary, 'guild', expression, 'javascript');
    const client = await ostiary.oauth2('guild', { property_mappings: [mapping] });
    const code = await codeFor(await ostiary.signedIn('apprentice'), client, { scope: 'openid guild' });
    const claims = claimsOfToken((await redeem(ostiary, client, code)).json.id_token);
    assert.deepEqual([claims.byName, claims.byKey, claims.other], [true, true, false]);
  });

  test('are not given when an expression fails, and administrators read why', async () => {
    for (const [name, expression, language] of [
      ['broken', 'throw new Error("no shoes");', 'javascript'],
      ['listing', 'return [1];', 'javascript'],
      ['snake', 'return {"shoe": 42}', 'python'],
    ] as const) {
      const mapping = await scopeMappingOf(ostiary, name, expression, language);
      const client = await ostiary.oauth2(name, { property_mappings: [mapping] });
      const reply = await tokens(ostiary, client, { ...program, scope: `openid ${name}` });
      assert.equal(reply.json.error, 'invalid_scope', name);
      assert.equal((await tokens(ostiary, client, program)).status, 200, name);
      const event = await ostiary.core.database.read
        .selectFrom('events')
        .select('context')
        .where('action', '=', 'property_mapping_exception')
        .where('context', 'like', `%"scope":"${name}"%`)
        .executeTakeFirst();
      assert.match(event?.context ?? '', /message/);
    }
  });

  test('are kept as hashes alone', async () => {
    const ann = await ostiary.signedIn('ann');
    const client = await ostiary.oauth2('hashed');
    const code = await codeFor(ann, client, { scope: 'openid offline_access' });
    const { json } = await redeem(ostiary, client, code);
    const { read } = ostiary.core.database;
    const stored = JSON.stringify([
      await read.selectFrom('authorization_codes').selectAll().execute(),
      await read.selectFrom('access_tokens').selectAll().execute(),
      await read.selectFrom('refresh_tokens').selectAll().execute(),
      await read.selectFrom('events').selectAll().execute(),
    ]);
    for (const secret of [code, json.access_token, json.refresh_token, json.id_token, client.clientSecret]) {
      assert.equal(stored.includes(String(secret)), false);
      assert.equal(ostiary.logged().includes(String(secret)), false);
    }
  });

  test('of a refresh that is far from its end leave the refresh token as it is, where the provider says so', async () => {
    const ann = await ostiary.signedIn('ann');
    const client = await ostiary.oauth2('lazy', { refresh_token_threshold: 'days=1' });
    const { json } = await redeem(ostiary, client, await codeFor(ann, client, { scope: 'openid offline_access' }));
    const form = { grant_type: 'refresh_token', refresh_token: String(json.refresh_token) };
    assert.equal((await tokens(ostiary, client, form)).json.refresh_token, undefined);
    assert.equal((await tokens(ostiary, client, form)).status, 200);
    now += 29.5 * 24 * 3600 * 1000;
    assert.equal(typeof (await tokens(ostiary, client, form)).json.refresh_token, 'string');
    assert.equal((await tokens(ostiary, client, form)).json.error, 'invalid_grant');
  });

  test('of a refresh may have fewer scopes, never more', async () => {
    const ann = await ostiary.signedIn('ann');
    const client = await ostiary.oauth2('fewer');
    const { json } = await redeem(
      ostiary,
      client,
      await codeFor(ann, client, { scope: 'openid profile offline_access' }),
    );
    const refresh = (token: unknown, scope: string) =>
      tokens(ostiary, client, { grant_type: 'refresh_token', refresh_token: String(token), scope });
    assert.equal((await refresh(json.refresh_token, 'openid email')).json.error, 'invalid_scope');
    const less = await refresh(json.refresh_token, 'openid');
    assert.equal(less.json.scope, 'openid');
    assert.equal((await refresh(less.json.refresh_token, 'openid profile')).json.scope, 'openid profile');
  });
});

import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { calculateJwkThumbprint, compactDecrypt, importJWK, jwtVerify } from 'jose';
import { encryptJwt, type JsonObject, signJwt, verifyOwnJwt } from './jwt.ts';
import { algorithmOf, publicJwk, readSigningKey, type SigningKey, secretSigningKey } from './keys.ts';

const pem = (key: KeyObject): string => key.export({ format: 'pem', type: 'pkcs8' });
const ec = (namedCurve: string): SigningKey =>
  readSigningKey(pem(generateKeyPairSync('ec', { namedCurve }).privateKey));
const rsa = readSigningKey(pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey));
const published = [
  rsa,
  ec('P-256'),
  ec('P-384'),
  ec('P-521'),
  readSigningKey(pem(generateKeyPairSync('ed25519').privateKey)),
  readSigningKey(pem(generateKeyPairSync('ed448').privateKey)),
];
const secret = secretSigningKey('a client secret of good length and chance');
const soon = Math.floor(Date.now() / 1000) + 60;
const claims = { iss: 'https://id.example.com/', aud: 'todo', sub: 'ä', exp: soon };
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

test('every key signs with its own algorithm, and others accept it by the published key', async () => {
  assert.deepEqual(
    published.map((key) => key.algorithm),
    ['RS256', 'ES256', 'ES384', 'ES512', 'EdDSA', 'EdDSA'],
  );
  for (const key of published) {
    const jwk = publicJwk(key);
    assert.equal(jwk.kid, await calculateJwkThumbprint(jwk as Parameters<typeof calculateJwkThumbprint>[0]));
    assert.ok(!('d' in jwk) && !('p' in jwk), 'nothing private');
    const token = await signJwt(key, { typ: 'at+jwt' }, claims);
    assert.equal(verifyOwnJwt(token, published, { issuer: claims.iss, audience: 'todo', type: 'at+jwt' }).valid, true);
    if (jwk.crv === 'Ed448') continue; // WebCrypto, which jose uses, does not sign with it.
    const { payload, protectedHeader } = await jwtVerify(
      token,
      await importJWK(jwk as Parameters<typeof importJWK>[0]),
    );
    assert.deepEqual(payload, claims);
    assert.deepEqual(protectedHeader, { alg: key.algorithm, kid: key.kid, typ: 'at+jwt' });
  }
  assert.throws(() => publicJwk(secret), RangeError);
  const { payload } = await jwtVerify(await signJwt(secret, {}, claims), secret.privateKey);
  assert.deepEqual(payload, claims);
});

test('weak and unknown keys are refused', () => {
  assert.throws(() => algorithmOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey), RangeError);
  assert.throws(() => algorithmOf(generateKeyPairSync('x25519').publicKey), RangeError);
  assert.throws(() => algorithmOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey), RangeError);
  assert.throws(() => readSigningKey('no key'), RangeError);
});

test('claims are checked', async () => {
  const refusal = async (changed: JsonObject, expected: Parameters<typeof verifyOwnJwt>[2]): Promise<unknown> => {
    const verdict = verifyOwnJwt(await signJwt(secret, {}, { ...claims, ...changed }), [rsa, secret], expected);
    return verdict.valid ? undefined : verdict.refusal;
  };
  const now = Date.now();
  assert.equal(await refusal({}, { issuer: claims.iss, audience: 'todo' }), undefined);
  assert.equal(await refusal({ aud: ['x', 'todo'] }, { audience: 'todo' }), undefined);
  assert.equal(await refusal({ exp: now / 1000 - 1 }, {}), 'expired');
  assert.equal(await refusal({ exp: now / 1000 - 1 }, { allowExpired: true }), undefined);
  assert.equal(await refusal({ exp: undefined }, { allowExpired: true }), 'malformed');
  assert.equal(await refusal({ exp: '9999999999' }, {}), 'malformed');
  assert.equal(await refusal({ nbf: now / 1000 + 60 }, {}), 'not-yet');
  assert.equal(await refusal({ iss: 'https://evil.example/' }, { issuer: claims.iss }), 'issuer');
  assert.equal(await refusal({ aud: 'todo2' }, { audience: 'todo' }), 'audience');
  assert.equal(await refusal({ aud: undefined }, { audience: 'todo' }), 'audience');
  assert.equal(await refusal({}, { type: 'at+jwt' }), 'type');
});

test('no trick with the header or the spelling gets a token accepted', async () => {
  const token = await signJwt(rsa, {}, claims);
  const [header = '', body = '', signature = ''] = token.split('.');
  const forged = (changed: JsonObject, signed = signature): string =>
    `${encode({ alg: 'RS256', kid: rsa.kid, typ: 'JWT', ...changed })}.${body}.${signed}`;
  const hmacWith = (input: string): string =>
    createHmac('sha256', rsa.publicKey.export({ format: 'pem', type: 'spki' }))
      .update(input)
      .digest('base64url');
  const confused = `${encode({ alg: 'HS256', kid: rsa.kid })}.${body}`;
  const tokens = {
    none: forged({ alg: 'none' }, ''),
    confusion: `${confused}.${hmacWith(confused)}`,
    'another algorithm': forged({ alg: 'PS256' }),
    'another key': forged({ kid: published[1]?.kid }),
    'no key id': forged({ kid: undefined }),
    critical: forged({ crit: ['b64'], b64: false }),
    'other claims': `${header}.${encode({ ...claims, sub: 'admin' })}.${signature}`,
    'no signature': `${header}.${body}.`,
    'two parts': `${header}.${body}`,
    'four parts': `${token}.x`,
    padding: `${token}=`,
    'other alphabet': `${header}.${body}.${signature.replaceAll('-', '+').replaceAll('_', '/')}+`,
    'no object': `${encode([])}.${body}.${signature}`,
    'not JSON': `AAAA.${body}.${signature}`,
    long: `${token}${'A'.repeat(40_000)}`,
    empty: '',
  };
  assert.equal(verifyOwnJwt(token, [rsa, secret]).valid, true);
  for (const [name, each] of Object.entries(tokens)) assert.equal(verifyOwnJwt(each, [rsa, secret]).valid, false, name);
  const other = readSigningKey(pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey));
  assert.deepEqual(verifyOwnJwt(token, [other]), { valid: false, refusal: 'key' });
});

test('a token is encrypted to an RSA key', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const token = await signJwt(rsa, {}, claims);
  const encrypted = await encryptJwt(token, publicKey, 'their-key');
  const { plaintext, protectedHeader } = await compactDecrypt(encrypted, privateKey);
  assert.equal(Buffer.from(plaintext).toString(), token);
  assert.deepEqual(protectedHeader, { alg: 'RSA-OAEP-256', enc: 'A256CBC-HS512', cty: 'JWT', kid: 'their-key' });
  await assert.rejects(encryptJwt(token, secret.publicKey), RangeError);
});

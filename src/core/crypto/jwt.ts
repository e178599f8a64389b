/**
 * Our own JSON Web Tokens (RFC 7519): signed as fast as the key allows, verified strictly, encrypted where a client
 * wants it. Tokens of other issuers are not verified here.
 */
import { createHmac, type KeyObject, sign, timingSafeEqual, verify } from 'node:crypto';
import type { SigningAlgorithm, SigningKey } from './keys.ts';

export type JsonObject = { readonly [name: string]: unknown };

/** Why a token was refused. For logs: the one who presented it is only told that it is not valid. */
export type JwtRefusal = 'malformed' | 'key' | 'signature' | 'type' | 'expired' | 'not-yet' | 'issuer' | 'audience';

export type JwtVerdict =
  | { readonly valid: true; readonly claims: JsonObject; readonly header: JsonObject; readonly key: SigningKey }
  | { readonly valid: false; readonly refusal: JwtRefusal };

/** What a token must say. Times are milliseconds since 1970. */
export type JwtExpectations = {
  readonly issuer?: string;
  readonly audience?: string;
  /** The header's `typ`, such as `at+jwt`; not compared when left out. */
  readonly type?: string;
  /** For `id_token_hint`, which counts after its end too. */
  readonly allowExpired?: boolean;
  readonly now?: number;
};

const longestJwt = 32 * 1024;
const digests: Readonly<Record<SigningAlgorithm, string | null>> = {
  RS256: 'sha256',
  ES256: 'sha256',
  ES384: 'sha384',
  ES512: 'sha512',
  EdDSA: null,
  HS256: 'sha256',
};

/**
 * Signs claims with the key's own algorithm. `alg` and `kid` of the header come from the key; `typ` is `JWT` unless
 * given. RSA signs on the thread pool, because it takes most of a millisecond; the others are quicker than the
 * way there and sign at once.
 */
export function signJwt(key: SigningKey, header: { readonly typ?: string }, claims: JsonObject): Promise<string> {
  const input = `${encodedHeader(key, header.typ ?? 'JWT')}.${encode(JSON.stringify(claims))}`;
  const { algorithm } = key;
  if (algorithm === 'RS256') {
    return new Promise((resolve, reject) => {
      sign('sha256', Buffer.from(input, 'latin1'), key.privateKey, (error, signature) => {
        if (error === null) resolve(`${input}.${signature.toString('base64url')}`);
        else reject(error);
      });
    });
  }
  if (algorithm === 'HS256') {
    return Promise.resolve(`${input}.${createHmac('sha256', key.privateKey).update(input).digest('base64url')}`);
  }
  const signer = { key: key.privateKey, dsaEncoding: 'ieee-p1363' as const };
  return Promise.resolve(
    `${input}.${sign(digests[algorithm], Buffer.from(input, 'latin1'), signer).toString('base64url')}`,
  );
}

/**
 * Verifies a token that we signed ourselves. The key decides the algorithm, never the token (RFC 8725 section 3.1).
 * `exp` is required; critical extensions are refused (RFC 7515 section 4.1.11).
 */
export function verifyOwnJwt(token: string, keys: readonly SigningKey[], expected: JwtExpectations = {}): JwtVerdict {
  const parts = token.length > longestJwt ? [] : token.split('.');
  const [headerText = '', claimsText = '', signatureText = ''] = parts;
  const header = decodeObject(headerText);
  const claims = decodeObject(claimsText);
  const signature = Buffer.from(signatureText, 'base64url');
  if (parts.length !== 3 || header === undefined || claims === undefined) return refused('malformed');
  if ('crit' in header || signature.toString('base64url') !== signatureText) return refused('malformed');
  const key = keys.find((each) => each.algorithm === header.alg && each.kid === header.kid);
  if (key === undefined) return refused('key');
  if (!verifies(key, token.slice(0, headerText.length + 1 + claimsText.length), signature)) return refused('signature');
  if (expected.type !== undefined && header.typ !== expected.type) return refused('type');
  return checkClaims(claims, expected) ?? { valid: true, claims, header, key };
}

function checkClaims(claims: JsonObject, expected: JwtExpectations): JwtVerdict | undefined {
  const seconds = (expected.now ?? Date.now()) / 1000;
  const { exp, nbf, aud } = claims;
  if (typeof exp !== 'number' || (nbf !== undefined && typeof nbf !== 'number')) return refused('malformed');
  if (exp <= seconds && expected.allowExpired !== true) return refused('expired');
  // One second of grace: several nodes do not share one clock.
  if (nbf !== undefined && nbf > seconds + 1) return refused('not-yet');
  if (expected.issuer !== undefined && claims.iss !== expected.issuer) return refused('issuer');
  if (expected.audience === undefined || aud === expected.audience) return undefined;
  return Array.isArray(aud) && aud.includes(expected.audience) ? undefined : refused('audience');
}

/** Encrypts a signed token for one client: RSA-OAEP-256 with A256CBC-HS512 (RFC 7516, RFC 7519 section 5.2). */
export async function encryptJwt(jwt: string, publicKey: KeyObject, kid?: string): Promise<string> {
  if (publicKey.asymmetricKeyType !== 'rsa') throw new RangeError('tokens are encrypted to RSA keys only');
  const { CompactEncrypt } = await import('jose');
  const header = { alg: 'RSA-OAEP-256', enc: 'A256CBC-HS512', cty: 'JWT', ...(kid === undefined ? {} : { kid }) };
  return new CompactEncrypt(Buffer.from(jwt)).setProtectedHeader(header).encrypt(publicKey);
}

function encodedHeader(key: SigningKey, typ: string): string {
  const known = key.headers.get(typ);
  if (known !== undefined) return known;
  const header = encode(JSON.stringify({ alg: key.algorithm, kid: key.kid, typ }));
  if (key.headers.size < 16) key.headers.set(typ, header);
  return header;
}

function verifies(key: SigningKey, input: string, signature: Buffer): boolean {
  if (key.algorithm === 'HS256') {
    const expected = createHmac('sha256', key.privateKey).update(input).digest();
    return signature.length === expected.length && timingSafeEqual(signature, expected);
  }
  const verifier = { key: key.publicKey, dsaEncoding: 'ieee-p1363' as const };
  return verify(digests[key.algorithm], Buffer.from(input, 'latin1'), verifier, signature);
}

function encode(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64url');
}

function decodeObject(text: string): JsonObject | undefined {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function refused(refusal: JwtRefusal): JwtVerdict {
  return { valid: false, refusal };
}

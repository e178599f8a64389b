/**
 * Signing keys: from PEM to a key that knows its algorithm and id, and to its public JWK (RFC 7517).
 *
 * Owns key objects. Signing and verifying tokens is in jwt.ts, certificates in certificates.ts.
 */
import { createPrivateKey, createPublicKey, createSecretKey, hash, type KeyObject, X509Certificate } from 'node:crypto';

/** The signature algorithms that Ostiary uses for its own tokens (RFC 7518 section 3.1, RFC 8037). */
export type SigningAlgorithm = 'RS256' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA' | 'HS256';

/** A key that signs. Make it once and keep it: making it costs more than using it. */
export type SigningKey = {
  readonly algorithm: SigningAlgorithm;
  /** RFC 7638 thumbprint of the public key; undefined for a shared secret, which has no public half. */
  readonly kid: string | undefined;
  readonly privateKey: KeyObject;
  /** The same object as `privateKey` for a shared secret. */
  readonly publicKey: KeyObject;
  /** Encoded headers by their `typ`; filled by signing. */
  readonly headers: Map<string, string>;
};

/** A public key as it is published. */
export type PublicJwk = JsonWebKey & {
  readonly kid: string;
  readonly use: 'sig';
  readonly alg: SigningAlgorithm;
  readonly x5c?: readonly string[];
  readonly x5t?: string;
  readonly 'x5t#S256'?: string;
};

/**
 * The one algorithm that a key signs with. RSA keys below 2048 bits are refused.
 *
 * @throws RangeError for a key that Ostiary does not sign with.
 */
export function algorithmOf(key: KeyObject): SigningAlgorithm {
  if (key.type === 'secret') return 'HS256';
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'ed25519' || type === 'ed448') return 'EdDSA';
  if (type === 'rsa' && (details?.modulusLength ?? 0) >= 2048) return 'RS256';
  if (type === 'ec' && details?.namedCurve === 'prime256v1') return 'ES256';
  if (type === 'ec' && details?.namedCurve === 'secp384r1') return 'ES384';
  if (type === 'ec' && details?.namedCurve === 'secp521r1') return 'ES512';
  throw new RangeError('a signing key is RSA of at least 2048 bits, EC on P-256, P-384 or P-521, Ed25519 or Ed448');
}

/** Reads an unencrypted private key in PEM. @throws RangeError when it is none, or of a kind that is not used. */
export function readSigningKey(privateKeyPem: string): SigningKey {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(privateKeyPem);
  } catch (cause) {
    throw new RangeError('not an unencrypted private key in PEM', { cause });
  }
  const publicKey = createPublicKey(privateKey);
  return { algorithm: algorithmOf(publicKey), kid: thumbprint(publicKey), privateKey, publicKey, headers: new Map() };
}

/** A key for HS256 from a client's secret, whose UTF-8 bytes are the key (OpenID Connect Core section 10.1). */
export function secretSigningKey(secret: string): SigningKey {
  const key = createSecretKey(Buffer.from(secret, 'utf8'));
  return { algorithm: 'HS256', kid: undefined, privateKey: key, publicKey: key, headers: new Map() };
}

/** The JWK thumbprint of a public key: base64url of SHA-256 (RFC 7638 section 3). Stable for the key. */
export function thumbprint(publicKey: KeyObject): string {
  const jwk = publicKey.export({ format: 'jwk' });
  // Required members only, in lexical order.
  const members =
    jwk.kty === 'RSA'
      ? { e: jwk.e, kty: jwk.kty, n: jwk.n }
      : jwk.kty === 'EC'
        ? { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y }
        : { crv: jwk.crv, kty: jwk.kty, x: jwk.x };
  return hash('sha256', JSON.stringify(members), 'base64url');
}

/**
 * The public half of a key for a JWKS, with its certificate where there is one.
 *
 * @throws RangeError for a shared secret, or when the certificate belongs to another key.
 */
export function publicJwk(key: SigningKey, certificatePem?: string): PublicJwk {
  if (key.kid === undefined) throw new RangeError('a shared secret is not published');
  const jwk: PublicJwk = { ...key.publicKey.export({ format: 'jwk' }), kid: key.kid, use: 'sig', alg: key.algorithm };
  if (certificatePem === undefined || certificatePem === '') return jwk;
  const certificate = new X509Certificate(certificatePem);
  if (!certificate.checkPrivateKey(key.privateKey)) throw new RangeError('the certificate belongs to another key');
  return {
    ...jwk,
    x5c: [certificate.raw.toString('base64')],
    x5t: hash('sha1', certificate.raw, 'base64url'),
    'x5t#S256': hash('sha256', certificate.raw, 'base64url'),
  };
}

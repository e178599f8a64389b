// Who is calling? This file owns the answer: it turns the Authorization header into a `sub`, or says why not.
// It asks nobody about a single token. It knows the issuer's public keys and checks signature, issuer, audience and times.
import { createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose';
import type { FetchImplementation } from 'jose';
import { boundedKeyFetch } from './key-fetch.ts';

/** Only signatures made with a private key. `none` and the HMAC family would let anybody who knows the public key sign. */
const ALGORITHMS = ['RS256', 'ES256', 'EdDSA'];

/** Clocks differ a little between machines. */
const CLOCK_TOLERANCE_SECONDS = 5;

/** What the caller is told about a token (RFC 6750 section 3.1). */
export type TokenVerdict =
  | { readonly outcome: 'accepted'; readonly subject: string }
  | { readonly outcome: 'missing' }
  | { readonly outcome: 'refused'; readonly description: string }
  /** The keys could not be fetched, so nothing can be said about the token. */
  | { readonly outcome: 'undecided'; readonly cause: unknown };

/** Judges the value of an Authorization header. Never throws. */
export type TokenVerifier = (authorization: string | undefined) => Promise<TokenVerdict>;

/** What a verifier must know about the issuer. */
export type TokenRules = {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUri: string;
  readonly jwksCooldownMilliseconds: number;
};

/**
 * Makes a verifier with its own cache of keys. The keys are fetched with the first token, again after ten minutes, and
 * again when a token names a key that is not among them. The cooldown bounds that, so that a stranger
 * who sends made-up key ids causes no flood of requests to the issuer.
 */
export function createTokenVerifier(rules: TokenRules, fetchKeys: FetchImplementation = fetch): TokenVerifier {
  const keys = createRemoteJWKSet(new URL(rules.jwksUri), {
    cooldownDuration: rules.jwksCooldownMilliseconds,
    cacheMaxAge: 600_000,
    timeoutDuration: 5_000,
    [customFetch]: boundedKeyFetch(fetchKeys, Math.min(rules.jwksCooldownMilliseconds, 2_000)),
  });

  return async (authorization) => {
    if (authorization === undefined || !/^bearer(?: |$)/i.test(authorization)) return { outcome: 'missing' };
    const token = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization)?.[1];
    if (token === undefined) return refused('The access token is malformed.');
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: ALGORITHMS,
        issuer: rules.issuer,
        audience: rules.audience,
        requiredClaims: ['sub', 'exp'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
      });
      // A NUL or half a surrogate pair in a name of a row is refused by one database and accepted by the other.
      const subject: unknown = payload.sub;
      if (typeof subject !== 'string' || !/^[^\p{Cc}\p{Cs}]{1,255}$/u.test(subject)) {
        return refused('The access token has no usable subject.');
      }
      return { outcome: 'accepted', subject };
    } catch (cause) {
      return judge(cause);
    }
  };
}

function refused(description: string): TokenVerdict {
  return { outcome: 'refused', description };
}

/** The words differ for what the owner of a token can act on; a forger learns only that it is invalid. */
function judge(cause: unknown): TokenVerdict {
  if (cause instanceof errors.JWTExpired) return refused('The access token expired.');
  if (cause instanceof errors.JWTClaimValidationFailed) {
    if (cause.claim === 'aud') return refused('The access token is for another audience.');
    if (cause.claim === 'iss') return refused('The access token is from another issuer.');
    return refused('The access token is invalid.');
  }
  const isAboutTheToken =
    cause instanceof errors.JWSInvalid ||
    cause instanceof errors.JWTInvalid ||
    cause instanceof errors.JWSSignatureVerificationFailed ||
    cause instanceof errors.JOSEAlgNotAllowed ||
    cause instanceof errors.JOSENotSupported ||
    cause instanceof errors.JWKSNoMatchingKey ||
    cause instanceof errors.JWKSMultipleMatchingKeys;
  return isAboutTheToken ? refused('The access token is invalid.') : { outcome: 'undecided', cause };
}

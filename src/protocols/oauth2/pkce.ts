/** Proof Key for Code Exchange (RFC 7636): binds a code to whoever asked for it. Pure functions. */
import { hash } from 'node:crypto';
import { equalInConstantTime } from '../../core/crypto/tokens.ts';
import type { OAuth2Settings } from './oauth2.settings.ts';

export type ChallengeMethod = 'S256' | 'plain';
export type CodeChallenge = { challenge: string; method: ChallengeMethod };

type PkceSettings = Pick<OAuth2Settings, 'client_type' | 'pkce_mode' | 'pkce_plain_allowed'>;

/** 43 to 128 unreserved characters (RFC 7636 sections 4.1 and 4.2). */
const FORM = /^[A-Za-z0-9._~-]{43,128}$/;

/** What the authorization request says about its challenge, or why it is refused. */
export function readChallenge(
  settings: PkceSettings,
  challenge: string | undefined,
  method: string | undefined,
): { challenge: CodeChallenge | undefined } | { refusal: string } {
  const required =
    settings.pkce_mode === 'required' || (settings.pkce_mode === 'automatic' && settings.client_type === 'public');
  if (challenge === undefined) {
    // A method alone is what is left when somebody has cut the challenge out (RFC 9700 section 2.1.1).
    if (method !== undefined) return { refusal: 'code_challenge_method is given without code_challenge' };
    return required ? { refusal: 'this client must use PKCE with S256' } : { challenge: undefined };
  }
  // RFC 7636 section 4.3: a challenge without a method is plain.
  const named = method ?? 'plain';
  if (named !== 'S256' && named !== 'plain') return { refusal: 'code_challenge_method is S256 or plain' };
  if (named === 'plain' && !settings.pkce_plain_allowed)
    return { refusal: 'this client must use code_challenge_method S256' };
  if (!FORM.test(challenge)) return { refusal: 'code_challenge is not valid' };
  if (named === 'S256' && challenge.length !== 43) return { refusal: 'code_challenge is not a SHA-256 in base64url' };
  return { challenge: { challenge, method: named } };
}

/**
 * Whether the verifier belongs to the challenge. A verifier without a challenge is refused too: the challenge may
 * have been cut out of the request (RFC 9700 section 4.8.2).
 */
export function provesChallenge(challenge: CodeChallenge | undefined, verifier: string | undefined): boolean {
  if (challenge === undefined) return verifier === undefined;
  if (verifier === undefined || !FORM.test(verifier)) return false;
  const proven = challenge.method === 'S256' ? hash('sha256', verifier, 'base64url') : verifier;
  return equalInConstantTime(proven, challenge.challenge);
}

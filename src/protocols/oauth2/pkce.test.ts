import assert from 'node:assert/strict';
import { test } from 'node:test';
import { provesChallenge, readChallenge } from './pkce.ts';

/** RFC 7636 appendix B. */
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
const publicClient = { client_type: 'public', pkce_mode: 'automatic', pkce_plain_allowed: false } as const;
const confidential = { ...publicClient, client_type: 'confidential' } as const;

test('the example of the specification is accepted', () => {
  assert.equal(provesChallenge({ challenge, method: 'S256' }, verifier), true);
});

test('a verifier that is missing, wrong, or the challenge itself is refused', () => {
  for (const wrong of [undefined, '', challenge, verifier.slice(1), `${verifier}x`, verifier.toLowerCase()]) {
    assert.equal(provesChallenge({ challenge, method: 'S256' }, wrong), false, String(wrong));
  }
});

test('a verifier for a code that was never bound is refused: its challenge may have been cut out', () => {
  assert.equal(provesChallenge(undefined, verifier), false);
  assert.equal(provesChallenge(undefined, undefined), true);
});

test('public clients must bind their codes by S256, unless their provider says otherwise', () => {
  assert.ok('refusal' in readChallenge(publicClient, undefined, undefined));
  assert.ok('refusal' in readChallenge(publicClient, verifier, 'plain'));
  assert.ok('refusal' in readChallenge(publicClient, verifier, undefined));
  assert.deepEqual(readChallenge(publicClient, challenge, 'S256'), { challenge: { challenge, method: 'S256' } });
  assert.deepEqual(readChallenge({ ...publicClient, pkce_mode: 'optional' }, undefined, undefined), {
    challenge: undefined,
  });
});

test('confidential clients may go without, unless their provider says otherwise', () => {
  assert.deepEqual(readChallenge(confidential, undefined, undefined), { challenge: undefined });
  assert.ok('refusal' in readChallenge({ ...confidential, pkce_mode: 'required' }, undefined, undefined));
});

test('plain is accepted only where the provider allows it, and is what a challenge without method means', () => {
  const lenient = { ...confidential, pkce_plain_allowed: true };
  assert.deepEqual(readChallenge(lenient, verifier, undefined), {
    challenge: { challenge: verifier, method: 'plain' },
  });
  assert.equal(provesChallenge({ challenge: verifier, method: 'plain' }, verifier), true);
  assert.ok('refusal' in readChallenge(confidential, verifier, undefined));
});

test('a method without challenge, an unknown method and a malformed challenge are refused', () => {
  assert.ok('refusal' in readChallenge(confidential, undefined, 'S256'));
  assert.ok('refusal' in readChallenge(confidential, challenge, 's256'));
  assert.ok('refusal' in readChallenge(confidential, `${challenge}=`, 'S256'));
  assert.ok('refusal' in readChallenge(confidential, 'short', 'S256'));
  assert.ok('refusal' in readChallenge(confidential, verifier.repeat(4), 'S256'));
});

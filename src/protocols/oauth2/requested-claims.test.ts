import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OAuthError } from './errors.ts';
import { readRequestedClaims } from './requested-claims.ts';

const read = (value: unknown) => readRequestedClaims(typeof value === 'string' ? value : JSON.stringify(value));
const refusal = (value: unknown): string | undefined => {
  try {
    read(value);
    return undefined;
  } catch (fault) {
    assert.ok(fault instanceof OAuthError);
    return fault.code;
  }
};

test('claims are asked for by name, for the ID token and for userinfo', () => {
  assert.deepEqual(
    read({ id_token: { email: null, auth_time: { essential: true } }, userinfo: { name: { essential: true } } }),
    {
      requested: { idToken: ['email'], userinfo: ['name'] },
      subject: undefined,
    },
  );
});

test('a client may insist on a person', () => {
  assert.equal(read({ id_token: { sub: { value: 'abc' } } }).subject, 'abc');
});

test('an essential context that cannot be reached fails, a voluntary one does not', () => {
  assert.equal(
    refusal({ id_token: { acr: { essential: true, values: ['urn:mace:silver'] } } }),
    'unmet_authentication_requirements',
  );
  assert.equal(refusal({ id_token: { acr: { values: ['urn:mace:silver'] } } }), undefined);
});

test('what is not as the specification has it is refused', () => {
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`claim${index}`, null]));
  for (const wrong of [
    'nonsense',
    '[]',
    'null',
    '"text"',
    { id_token: [] },
    { id_token: { email: 'yes' } },
    { userinfo: many },
    { id_token: { sub: { value: 7 } } },
    { id_token: { 'nothing at all': null } },
  ]) {
    assert.equal(refusal(wrong), 'invalid_request', JSON.stringify(wrong));
  }
});

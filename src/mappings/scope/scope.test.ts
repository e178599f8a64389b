import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Membership, User } from '../../core/users.ts';
import { scope } from './scope.ts';

const ann: User = {
  pk: 7,
  id: '00000000-0000-4000-8000-000000000007',
  uid: 'a'.repeat(64),
  username: 'ann',
  name: 'Ann Archer',
  email: 'ann@example.com',
  isActive: true,
  type: 'internal',
  path: 'users',
  attributes: { colour: 'green' },
  lastLoginAt: null,
  passwordChangedAt: 0,
};
const staff: Membership = { id: '1', name: 'staff', isSuperuser: false, attributes: { colour: 'blue', floor: 2 } };
const chiefs: Membership = { id: '2', name: 'chiefs', isSuperuser: true, attributes: {} };

const claims = (managed: string, memberships = [staff], context = {}): unknown =>
  scope.managed[managed]?.({ user: ann, memberships, context });

test('the profile scope tells names and groups', () => {
  assert.deepEqual(claims('goauthentik.io/providers/oauth2/scope-profile', [staff, chiefs]), {
    name: 'Ann Archer',
    given_name: 'Ann Archer',
    preferred_username: 'ann',
    nickname: 'ann',
    groups: ['staff', 'chiefs'],
  });
});

test('the email scope never says that an address was verified', () => {
  assert.deepEqual(claims('goauthentik.io/providers/oauth2/scope-email'), {
    email: 'ann@example.com',
    email_verified: false,
  });
});

test('scopes that only allow something add no claims', () => {
  for (const name of ['openid', 'offline_access', 'authentik_api']) {
    assert.deepEqual(claims(`goauthentik.io/providers/oauth2/scope-${name}`), {});
  }
});

test('entitlements are told twice, as applications expect both names', () => {
  assert.deepEqual(claims('goauthentik.io/providers/oauth2/scope-entitlements', [], { entitlements: ['edit'] }), {
    entitlements: ['edit'],
    roles: ['edit'],
  });
});

test('the proxy scope joins the attributes of groups and person, the person last', () => {
  assert.deepEqual(claims('goauthentik.io/providers/proxy/scope-proxy', [staff]), {
    ak_proxy: { user_attributes: { colour: 'green', floor: 2 }, is_superuser: false },
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RedirectUri } from './oauth2.settings.ts';
import {
  isLoopback,
  isUsablePattern,
  isUsableRedirectUri,
  matchRedirectUri,
  prepareRedirectUris,
} from './redirect-uri.ts';

const strict = (url: string): RedirectUri => ({ matching_mode: 'strict', url, redirect_uri_type: 'authorization' });
const regex = (url: string): RedirectUri => ({ matching_mode: 'regex', url, redirect_uri_type: 'authorization' });
const accepts = (uri: RedirectUri, presented: string): boolean =>
  matchRedirectUri(prepareRedirectUris([uri]), presented) !== undefined;

test('a strict address is accepted as it is, and in no other spelling', () => {
  const registered = strict('https://app.example.com/callback');
  assert.equal(accepts(registered, 'https://app.example.com/callback'), true);
  for (const other of [
    'https://app.example.com/callback/',
    'https://app.example.com/callback?x=1',
    'https://app.example.com/callback#',
    'https://app.example.com/callback#a',
    'https://APP.example.com/callback',
    'https://app.example.com:443/callback',
    'https://app.example.com/a/../callback',
    'https://app.example.com/%63allback',
    'https://app.example.com.evil.example/callback',
    'https://app.example.com@evil.example/callback',
    'https://evil.example/?https://app.example.com/callback',
    'https://app.example.com\\@evil.example/callback',
    ' https://app.example.com/callback',
    'https://app.example.com/callback\n',
    'http://app.example.com/callback',
    '',
  ]) {
    assert.equal(accepts(registered, other), false, other);
  }
});

test('whatever is presented, a strict address accepts itself alone', () => {
  const registered = prepareRedirectUris([strict('https://app.example.com/callback')]);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const presented = `https://app.example.com/callback${text}`;
      assert.equal(matchRedirectUri(registered, presented) !== undefined, text === '');
    }),
  );
});

test('a regular expression must cover the whole address, whatever it says of alternatives', () => {
  assert.equal(accepts(regex('https://a\\.example/cb|https://b\\.example/cb'), 'https://a.example/cb'), true);
  assert.equal(accepts(regex('https://a\\.example/cb|https://b\\.example/cb'), 'https://a.example/cb.evil'), false);
  assert.equal(
    accepts(regex('https://a\\.example/cb|https://b\\.example/cb'), 'https://evil/https://b.example/cb'),
    false,
  );
  assert.equal(accepts(regex('.*'), 'javascript:alert(1)'), false);
  assert.equal(accepts(regex('.*'), 'https://user@host.example/'), false);
});

test('schemes that run in the browser are never an address to go to', () => {
  for (const uri of [
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'blob:x',
    'file:///etc/passwd',
  ]) {
    assert.equal(isUsableRedirectUri(uri), false, uri);
    assert.equal(accepts(strict(uri), uri), false, uri);
  }
});

test('native applications may have schemes of their own', () => {
  assert.equal(accepts(strict('com.example.app:/callback'), 'com.example.app:/callback'), true);
  assert.equal(accepts(strict('http://127.0.0.1:49152/cb'), 'http://127.0.0.1:49152/cb'), true);
});

test('addresses that browsers would mend are refused', () => {
  for (const uri of [
    'https:app.example.com/cb',
    'https:/app.example.com/cb',
    'https:///app.example.com/cb',
    '/callback',
    '//host/cb',
  ]) {
    assert.equal(isUsableRedirectUri(uri), false, uri);
  }
});

test('a pattern that cannot be read is refused, and matches nothing where it is stored', () => {
  assert.equal(isUsablePattern('https://(unclosed'), false);
  assert.equal(accepts(regex('https://(unclosed'), 'https://(unclosed'), false);
});

test('a logout address is not one to send codes to', () => {
  const uris = prepareRedirectUris([{ ...strict('https://a.example/out'), redirect_uri_type: 'logout' }]);
  assert.equal(matchRedirectUri(uris, 'https://a.example/out'), undefined);
  assert.notEqual(matchRedirectUri(uris, 'https://a.example/out', 'logout'), undefined);
});

test('the origin of a registered address is known where it is written out', () => {
  const originOf = (uri: RedirectUri): string | undefined => prepareRedirectUris([uri])[0]?.origin;
  assert.equal(originOf(strict('http://localhost:3000/callback')), 'http://localhost:3000');
  assert.equal(originOf(regex('https://app\\.example\\.com/.*')), 'https://app.example.com');
  assert.equal(originOf(regex('https://.*\\.example\\.com/')), undefined);
  assert.equal(originOf(regex('https://app.example.com/')), undefined);
  assert.equal(originOf(regex('(https://a\\.example)/')), undefined);
  assert.equal(originOf(strict('com.example:/cb')), undefined);
});

test('loopback is this machine and nothing that only looks like it', () => {
  for (const uri of [
    'http://localhost:3000/cb',
    'http://127.0.0.1/cb',
    'http://127.8.9.1:1/cb',
    'http://[::1]:3000/cb',
  ]) {
    assert.equal(isLoopback(uri), true, uri);
  }
  for (const uri of [
    'http://localhost.example.com/',
    'http://127.0.0.1.nip.io/',
    'http://mylocalhost/',
    'com.localhost:/cb',
    'https://10.0.0.1/',
  ]) {
    assert.equal(isLoopback(uri), false, uri);
  }
});

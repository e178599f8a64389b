/**
 * What a relying party of the tutorial builds on: a confidential provider with no secret in the browser, tokens that an
 * API checks by itself, and answers that only pages of registered origins can read.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import type { Page } from 'playwright-core';
import { missingBrowser } from '../environment/browser.ts';
import { type Chromium, startChromium } from './chromium.ts';
import { signIn, startTodos, type TodoPlace } from './todos.ts';

type Stored = { access_token: string; id_token: string; refresh_token?: string; scope: string };

/** What oidc-client-ts keeps for the tab. */
const stored = (page: Page): Promise<Stored> =>
  page.evaluate(() => {
    const { sessionStorage } = globalThis as unknown as { sessionStorage: Record<string, string> };
    const found = Object.entries(sessionStorage).find(([key]) => key.startsWith('oidc.user:'));
    return JSON.parse(found?.[1] ?? '{}') as Stored;
  });

/** What a script of this page can read of an address: the status, or that the browser keeps the answer from it. */
const readable = (page: Page, url: string, method = 'GET'): Promise<string> =>
  page.evaluate(
    async ([address, verb]) => {
      const body = verb === 'POST' ? { body: new URLSearchParams({ client_id: 'todo-app' }) } : {};
      return fetch(address ?? '', { method: verb ?? '', ...body }).then(
        (answer) => String(answer.status),
        () => 'kept from it',
      );
    },
    [url, method],
  );

describe("The tutorial's relying party", { skip: missingBrowser() }, () => {
  let place: TodoPlace;
  let chromium: Chromium;
  before(async () => {
    [place, chromium] = await Promise.all([startTodos(), startChromium()]);
  });
  after(async () => {
    await chromium?.close();
    await place?.close();
  });

  async function tokensOf(username: 'ann' | 'ben'): Promise<Stored> {
    const person = await chromium.person();
    await signIn(person.page, place, username);
    const tokens = await stored(person.page);
    person.assertContent();
    await person.close();
    return tokens;
  }

  test('gets tokens of RS256 for its audience, and the same subject each time', async () => {
    const keys = createRemoteJWKSet(new URL(`${place.issuer}jwks/`));
    const verify = async (token: string): Promise<string> => {
      const expected = { issuer: place.issuer, audience: 'todo-app', algorithms: ['RS256'] };
      const { payload, protectedHeader } = await jwtVerify(token, keys, expected);
      assert.ok(protectedHeader.kid);
      assert.ok(payload.exp && payload.iat && payload.sub);
      return payload.sub;
    };
    const first = await tokensOf('ann');
    const again = await tokensOf('ann');
    const ben = await tokensOf('ben');
    assert.equal(first.scope, 'openid profile email');
    assert.equal(first.refresh_token, undefined);
    assert.equal(await verify(first.access_token), await verify(first.id_token));
    assert.equal(await verify(first.access_token), await verify(again.access_token));
    assert.notEqual(await verify(first.access_token), await verify(ben.access_token));
  });

  test('finds the endpoints of the tutorial', async () => {
    const discovery = await (await fetch(`${place.issuer}.well-known/openid-configuration`)).json();
    const { url } = place.ostiary;
    const { issuer, jwks_uri, authorization_endpoint, token_endpoint, userinfo_endpoint, end_session_endpoint } =
      discovery as Record<string, string>;
    assert.deepEqual(
      { issuer, jwks_uri, authorization_endpoint, token_endpoint, userinfo_endpoint, end_session_endpoint },
      {
        issuer: `${url}/application/o/todo-app/`,
        jwks_uri: `${url}/application/o/todo-app/jwks/`,
        authorization_endpoint: `${url}/application/o/authorize/`,
        token_endpoint: `${url}/application/o/token/`,
        userinfo_endpoint: `${url}/application/o/userinfo/`,
        end_session_endpoint: `${url}/application/o/todo-app/end-session/`,
      },
    );
  });

  test('can read the answers, and pages of other origins cannot', async () => {
    const person = await chromium.person();
    const { page } = person;
    const discovery = `${place.issuer}.well-known/openid-configuration`;
    const token = `${place.ostiary.url}/application/o/token/`;
    await page.goto(place.url);
    assert.equal(await readable(page, discovery), '200');
    assert.equal(await readable(page, `${place.issuer}jwks/`), '200');
    assert.match(await readable(page, token, 'POST'), /^40[01]$/);
    // The API is of another origin, and Ostiary does not know it.
    await page.goto(`${place.apiUrl}/health`);
    assert.equal(await readable(page, discovery), 'kept from it');
    assert.equal(await readable(page, token, 'POST'), 'kept from it');
    await person.close();
  });
});

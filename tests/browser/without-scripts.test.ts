/** Sign-in in a browser that runs no scripts: complete pages, plain forms, through to the application's address. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { missingBrowser } from '../environment/browser.ts';
import { type OAuth2Client, startOstiary, type TestOstiary } from '../environment/ostiary.ts';
import { type Chromium, type Person, picture, startChromium } from './chromium.ts';
import { at, typeIn } from './todos.ts';

const VERIFIER = 'a verifier of more than forty-three characters, as it must be'.replaceAll(/\W/g, '-');
const CALLBACK = 'http://localhost:3000/callback';

describe('Without scripts', { skip: missingBrowser() }, () => {
  let ostiary: TestOstiary;
  let chromium: Chromium;
  let client: OAuth2Client;
  let person: Person;
  before(async () => {
    [ostiary, chromium] = await Promise.all([startOstiary(), startChromium()]);
    const flow = await ostiary.core.database.read
      .selectFrom('flows')
      .select('id')
      .where('slug', '=', 'default-provider-authorization-explicit-consent')
      .executeTakeFirstOrThrow();
    client = await ostiary.oauth2('plain', { authorization_flow: flow.id });
    await ostiary.person('maria');
    person = await chromium.person({ javaScriptEnabled: false });
    // The application itself is not there; that the browser comes to its address is what counts.
    await person.context.route(`${CALLBACK}?*`, (route) =>
      route.fulfill({ contentType: 'text/html', body: '<title>back</title><h1>Back at the application</h1>' }),
    );
  });
  after(async () => {
    await chromium?.close();
    await ostiary?.stop();
  });

  const ask = (): string => {
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: client.clientId,
      redirect_uri: CALLBACK,
      scope: 'openid email',
      state: 'as it was',
      code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
      code_challenge_method: 'S256',
    });
    return `${ostiary.url}/application/o/authorize/?${query}`;
  };

  test('a person signs in, makes a mistake on the way, consents, and arrives with a code that is good', async () => {
    const { page } = person;
    await page.goto(ask());
    await at.onwards(page).click();
    await page.getByText('This field may not be blank.').waitFor();
    await picture(page, 'plain-nothing-typed');
    await typeIn(page, 'maria', 'wrong');
    await page.getByText('Invalid password').waitFor();
    await at.password(page).fill('password of maria');
    await at.onwards(page).click();
    await at.heading(page, 'Allow access?').waitFor();
    await at.onwards(page).click();
    await at.heading(page, 'Back at the application').waitFor();
    const back = new URL(page.url());
    assert.equal(back.searchParams.get('state'), 'as it was');
    const tokens = await fetch(`${ostiary.url}/application/o/token/`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${client.clientId}:${client.clientSecret}`)}` },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: back.searchParams.get('code') ?? '',
        redirect_uri: CALLBACK,
        code_verifier: VERIFIER,
      }),
    });
    assert.equal(tokens.status, 200, await tokens.text());
  });

  test('and out again', async () => {
    const { page } = person;
    await page.goto(`${ostiary.url}/if/user/`);
    await page.getByRole('link', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await at.name(page).waitFor();
    await page.goto(`${ostiary.url}/if/user/`);
    await at.name(page).waitFor();
    person.assertContent();
  });
});

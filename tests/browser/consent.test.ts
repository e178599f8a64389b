/** Consent: an application whose provider asks before it learns anything. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { missingBrowser } from '../environment/browser.ts';
import { type Chromium, type Person, picture, startChromium } from './chromium.ts';
import {
  ASKS_FIRST,
  at,
  PASSWORD_OF_ANN,
  PASSWORD_OF_BEN,
  signIn,
  startTodos,
  type TodoPlace,
  typeIn,
} from './todos.ts';

describe('Consent', { skip: missingBrowser() }, () => {
  let place: TodoPlace;
  let chromium: Chromium;
  let ann: Person;
  before(async () => {
    [place, chromium] = await Promise.all([startTodos({ more: ASKS_FIRST }), startChromium()]);
    ann = await chromium.person();
  });
  after(async () => {
    await chromium?.close();
    await place?.close();
  });

  test('says who gets what, and Cancel shares nothing', async () => {
    const { page } = ann;
    await page.goto(place.url);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await typeIn(page, 'ann', PASSWORD_OF_ANN);
    await at.heading(page, 'Allow access?').waitFor();
    await page.getByText('Todos asks for access to your account.').waitFor();
    const asked = await page.locator('.permissions').getByRole('listitem').allTextContents();
    assert.deepEqual(asked, ['Your mail address', 'Your name and your groups']);
    await picture(page, 'consent');
    await page.getByRole('link', { name: 'Cancel and do not share anything' }).click();
    await page.getByText('You were not let in to this application, or you stopped the sign-in.').waitFor();
    await picture(page, 'consent-cancelled');
    const consents = await place.ostiary.core.database.read.selectFrom('consents').selectAll().execute();
    assert.deepEqual(consents, []);
  });

  test('is given by Continue, and remembered', async () => {
    const { page } = ann;
    await page.goto(place.url);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await at.heading(page, 'Allow access?').waitFor();
    await at.onwards(page).click();
    await at.heading(page, 'Your todos').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('You are signed out. See you soon.').waitFor();
    await signIn(page, place);
    ann.assertContent();
  });

  test('is asked of each person anew', async () => {
    const ben = await chromium.person();
    await ben.page.goto(place.url);
    await ben.page.getByRole('button', { name: 'Sign in' }).click();
    await typeIn(ben.page, 'ben', PASSWORD_OF_BEN);
    await at.heading(ben.page, 'Allow access?').waitFor();
    await ben.close();
  });
});

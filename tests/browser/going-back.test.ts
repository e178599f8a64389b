/** Back, reload and several tabs: nobody is trapped, and nothing happens twice. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { missingBrowser } from '../environment/browser.ts';
import { type Chromium, type Person, startChromium } from './chromium.ts';
import { at, PASSWORD_OF_ANN, signIn, startTodos, type TodoPlace, typeIn } from './todos.ts';

describe('Back and tabs', { skip: missingBrowser() }, () => {
  let place: TodoPlace;
  let chromium: Chromium;
  let ann: Person;
  before(async () => {
    [place, chromium] = await Promise.all([startTodos(), startChromium()]);
  });
  beforeEach(async () => {
    await ann?.close();
    ann = await chromium.person();
  });
  after(async () => {
    await chromium?.close();
    await place?.close();
  });

  test('Back from the password leads to the name, which can be typed anew', async () => {
    const { page } = ann;
    await page.goto(place.url);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await at.name(page).fill('somebody else');
    await at.onwards(page).click();
    await at.password(page).waitFor();
    await page.goBack();
    await at.name(page).waitFor();
    await typeIn(page, 'ann', PASSWORD_OF_ANN);
    await page.getByText('Ann Lindqvist').waitFor();
  });

  test('"Not you?" leads to the name too', async () => {
    const { page } = ann;
    await page.goto(place.url);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await at.name(page).fill('ben');
    await at.onwards(page).click();
    await page.getByRole('link', { name: 'Not you?' }).click();
    await typeIn(page, 'ann', PASSWORD_OF_ANN);
    await page.getByText('Ann Lindqvist').waitFor();
  });

  test('Back after signing in shows no form to be sent again, and forward she is still in', async () => {
    const { page } = ann;
    await signIn(page, place);
    await page.goBack();
    await page.goto(place.url);
    await page.getByText('Ann Lindqvist').waitFor();
    ann.assertContent();
  });

  test('a reload of the password page asks for the password and nothing else', async () => {
    const { page } = ann;
    await page.goto(place.url);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await at.name(page).fill('ann');
    await at.onwards(page).click();
    await at.password(page).waitFor();
    await page.reload();
    await at.password(page).fill(PASSWORD_OF_ANN);
    await at.onwards(page).click();
    await page.getByText('Ann Lindqvist').waitFor();
  });

  test('two tabs ask for the password; after the first has it, the second goes on to the application', async () => {
    const { page: first } = ann;
    const second = await ann.context.newPage();
    for (const page of [first, second]) {
      await page.goto(place.url);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await at.name(page).waitFor();
    }
    await typeIn(first, 'ann', PASSWORD_OF_ANN);
    await first.getByText('Ann Lindqvist').waitFor();
    await at.name(second).fill('ann');
    await at.onwards(second).click();
    const password = at.password(second);
    const inside = second.getByText('Ann Lindqvist');
    await password.or(inside).first().waitFor();
    if (await password.isVisible()) {
      await password.fill(PASSWORD_OF_ANN);
      await at.onwards(second).click();
    }
    await inside.waitFor();
    await first.reload();
    await first.getByText('Ann Lindqvist').waitFor();
  });

  test('signing out in one tab leaves no way in for the other after its token', async () => {
    const { page: first } = ann;
    await signIn(first, place);
    const second = await ann.context.newPage();
    await second.goto(place.url);
    await second.getByRole('button', { name: 'Sign in' }).click();
    await second.getByText('Ann Lindqvist').waitFor();
    await second.getByRole('button', { name: 'Sign out' }).click();
    await second.getByText('You are signed out. See you soon.').waitFor();
    const answer = await second.goto(`${place.ostiary.url}/if/user/`);
    assert.match(answer?.url() ?? '', /default-authentication-flow/);
  });
});

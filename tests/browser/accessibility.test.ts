/** Every page that a person can come to, looked at by axe-core in light and dark, narrow and wide. */
import { after, before, describe, test } from 'node:test';
import { missingBrowser } from '../environment/browser.ts';
import { assertAccessible } from './accessible.ts';
import { type Chromium, type Person, startChromium } from './chromium.ts';
import { ASKS_FIRST, at, PASSWORD_OF_ANN, startTodos, type TodoPlace } from './todos.ts';

describe('Accessibility', { skip: missingBrowser() }, () => {
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

  test('of the way in: welcome, name, password, a wrong one, consent', async () => {
    const { page } = ann;
    await page.goto(place.url);
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await assertAccessible(page, 'welcome');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await at.name(page).waitFor();
    await assertAccessible(page, 'name');
    await at.onwards(page).click();
    await page.getByText('This field may not be blank.').waitFor();
    await assertAccessible(page, 'name-fault');
    await at.name(page).fill('ann');
    await at.onwards(page).click();
    await at.password(page).waitFor();
    await assertAccessible(page, 'password');
    await at.password(page).fill('wrong');
    await at.onwards(page).click();
    await page.getByText('Invalid password').waitFor();
    await assertAccessible(page, 'password-fault');
    await at.password(page).fill(PASSWORD_OF_ANN);
    await at.onwards(page).click();
    await at.heading(page, 'Allow access?').waitFor();
    await assertAccessible(page, 'consent');
    await at.onwards(page).click();
    await page.getByText('Nothing here yet.').waitFor();
  });

  test('of the todos: none, some, one being changed, one deleted', async () => {
    const { page } = ann;
    await assertAccessible(page, 'todos-none');
    for (const title of ['Water the plants', 'A very long title that has many words and needs more than one line']) {
      await page.getByLabel('What needs doing?').fill(title);
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: `Edit ${title}` }).waitFor();
    }
    await page.getByLabel('Water the plants', { exact: true }).check();
    await page.getByText('1 of 2 done').waitFor();
    await assertAccessible(page, 'todos-some');
    await page.getByRole('button', { name: 'Edit Water the plants' }).click();
    await page.getByLabel('Title', { exact: true }).waitFor();
    await assertAccessible(page, 'todos-change');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Delete Water the plants' }).click();
    await page.getByRole('button', { name: 'Undo' }).waitFor();
    await assertAccessible(page, 'todos-deleted');
  });

  test('of the rest: home, device, sign-out, set-up, refusals', async () => {
    const { page } = ann;
    const { url } = place.ostiary;
    await page.goto(`${url}/if/user/`);
    await page.getByRole('link', { name: 'Todos' }).waitFor();
    await assertAccessible(page, 'home');
    await page.goto(`${url}/device`);
    await assertAccessible(page, 'device');
    await page.goto(`${url}/application/o/authorize/?client_id=nobody&redirect_uri=http://localhost/`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await assertAccessible(page, 'unknown-client');
    await page.goto(
      `${url}/application/o/authorize/?client_id=todo-app&redirect_uri=http://localhost/elsewhere&response_type=code`,
    );
    await at.heading(page, 'Redirect URI Error').waitFor();
    await assertAccessible(page, 'redirect-uri-error');
    await page.goto(`${url}/nowhere/`);
    await assertAccessible(page, 'not-found');
    await page.goto(`${url}/flows/-/default/invalidation/`);
    await at.heading(page, 'Sign out?').waitFor();
    await assertAccessible(page, 'sign-out');
  });
});

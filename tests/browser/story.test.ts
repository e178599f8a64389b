/** One person's day with the todo application, from the first click to signing out, on each database. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { missingBrowser } from '../environment/browser.ts';
import { databases } from '../environment/databases.ts';
import { type Chromium, type Person, picture, startChromium } from './chromium.ts';
import { at, PASSWORD_OF_ANN, signIn, startTodos, type TodoPlace, typeIn } from './todos.ts';

for (const engine of databases()) {
  describe(`Ann and her todos, on ${engine.name}`, { skip: missingBrowser() }, () => {
    let place: TodoPlace;
    let chromium: Chromium;
    let ann: Person;
    before(async () => {
      [place, chromium] = await Promise.all([startTodos({ engine }), startChromium()]);
      ann = await chromium.person();
    });
    after(async () => {
      await chromium?.close();
      await place?.close();
    });

    test('she opens the page and is taken to Ostiary, which says for what', async () => {
      const { page } = ann;
      await page.goto(place.url);
      await picture(page, `todo-welcome-${engine.name}`);
      await page.getByText(new URL(place.ostiary.url).host).waitFor();
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('Sign in to continue to Todos.').waitFor();
      assert.equal(new URL(page.url()).origin, place.ostiary.url);
      await picture(page, `identification-${engine.name}`);
    });

    test('a wrong password is told, and she types it again', async () => {
      const { page } = ann;
      await typeIn(page, 'ann', 'not the password');
      await page.getByText('Invalid password').waitFor();
      await picture(page, `wrong-password-${engine.name}`);
      assert.equal(await at.password(page).inputValue(), '');
      await at.password(page).fill(PASSWORD_OF_ANN);
      await at.onwards(page).click();
      await at.heading(page, 'Your todos').waitFor();
      assert.equal(page.url(), `${place.url}/`, 'the code has left the address');
      await page.getByText('Ann Lindqvist').waitFor();
      await page.getByText('A clear day').waitFor();
    });

    test('she makes a todo, changes it, ticks it, and finds it again after a reload', async () => {
      const { page } = ann;
      await page.getByLabel('What needs doing?').fill('Water the plants');
      await page.keyboard.press('Enter');
      await page.getByText('0 of 1 done').waitFor();
      await page.getByRole('button', { name: 'Edit Water the plants' }).click();
      await page.getByLabel('Title', { exact: true }).fill('Water all the plants');
      await page.getByLabel('Details').fill('The fern twice');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('The fern twice').waitFor();
      await page.getByLabel('Water all the plants', { exact: true }).check();
      await page.getByText('All done').waitFor();
      await picture(page, `todos-${engine.name}`);
      await page.reload();
      await page.getByText('All done').waitFor();
      assert.ok(await page.getByLabel('Water all the plants', { exact: true }).isChecked());
    });

    test('she deletes it, wants it back, and deletes it for good', async () => {
      const { page } = ann;
      const todo = page.getByLabel('Water all the plants', { exact: true });
      await page.getByRole('button', { name: 'Delete Water all the plants' }).click();
      await page.getByRole('button', { name: 'Undo' }).click();
      await todo.waitFor();
      assert.ok(await todo.isChecked(), 'it is as it was');
      await page.getByRole('button', { name: 'Delete Water all the plants' }).click();
      await page.getByText('A clear day').waitFor();
      await page.reload();
      await page.getByText('Nothing here yet.').waitFor();
    });

    test('Ben, at another browser, sees his own list', async () => {
      await ann.page.getByLabel('What needs doing?').fill('A present for Ben');
      await ann.page.keyboard.press('Enter');
      await ann.page.getByText('0 of 1 done').waitFor();
      const ben = await chromium.person();
      await signIn(ben.page, place, 'ben');
      await ben.page.getByText('Ben Okafor').waitFor();
      await ben.page.getByText('Nothing here yet.').waitFor();
      ben.assertContent();
      await ben.close();
    });

    test('she signs out, and whoever opens the application next is asked for the password', async () => {
      const { page } = ann;
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByText('You are signed out. See you soon.').waitFor();
      assert.equal(page.url(), `${place.url}/`);
      await picture(page, `signed-out-${engine.name}`);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await at.name(page).waitFor();
      await typeIn(page, 'ann', PASSWORD_OF_ANN);
      await page.getByText('A present for Ben').waitFor();
    });

    test('nothing in the console, and no breach of a content security policy, in all that time', () =>
      ann.assertContent());
  });
}

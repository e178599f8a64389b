/** The first visit to a fresh Ostiary, as a process of its own: from the set-up page to the administrator's own page. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { missingBrowser } from '../environment/browser.ts';
import { emptyFolder, type Server, startServer } from '../process/program.ts';
import { type Chromium, type Person, picture, startChromium } from './chromium.ts';
import { at, typeIn } from './todos.ts';

const PASSWORD = 'nobody guesses this one';

describe('The first visit', { skip: missingBrowser() }, () => {
  const { folder, remove } = emptyFolder();
  let server: Server;
  let chromium: Chromium;
  let person: Person;
  before(async () => {
    [server, chromium] = await Promise.all([startServer({ OSTIARY_DATA_DIR: folder }), startChromium()]);
    person = await chromium.person();
  });
  after(async () => {
    await chromium?.close();
    await server?.stop();
    remove();
  });

  test('leads to the set-up page, which tells every fault beside its field and keeps what was typed', async () => {
    const { page } = person;
    await page.goto(server.url);
    await at.heading(page, 'Welcome to Ostiary').waitFor();
    assert.equal(new URL(page.url()).pathname, '/if/flow/initial-setup/');
    assert.equal(await page.getByLabel('Address of this server').inputValue(), server.url);
    await picture(page, 'set-up');
    await page.getByLabel('Your mail address').fill('dana@example.org');
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByLabel('Password, once more').fill('something else');
    await page.keyboard.press('Enter');
    await page.getByText('The passwords are not the same.').waitFor();
    await picture(page, 'set-up-fault');
    assert.equal(await page.getByLabel('Your mail address').inputValue(), 'dana@example.org');
    assert.ok(
      await page.getByLabel('Password, once more').evaluate((field) => field === field.ownerDocument.activeElement),
      'the fault has the focus',
    );
  });

  test('makes the administrator, who is signed in', async () => {
    const { page } = person;
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByLabel('Password, once more').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByText('There is no application for you here yet.').waitFor();
    await picture(page, 'home-empty');
  });

  test('never opens again, and the administrator signs out and in', async () => {
    const { page } = person;
    const answer = await page.goto(`${server.url}/if/flow/initial-setup/`);
    assert.equal(answer?.status(), 404);
    await picture(page, 'not-found');
    await page.goto(server.url);
    await page.getByRole('link', { name: 'Sign out' }).click();
    await at.heading(page, 'Sign out?').waitFor();
    await picture(page, 'sign-out');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await typeIn(page, 'akadmin', PASSWORD);
    await page.getByText('There is no application for you here yet.').waitFor();
  });

  test('without complaints of the browser but of the page that is gone', () => person.assertContent(/404/));
});

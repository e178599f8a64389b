/** Everything by keyboard alone: Tab, Enter, Space and Escape, with the focus to be seen at every stop. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { missingBrowser } from '../environment/browser.ts';
import { type Chromium, type Person, startChromium } from './chromium.ts';
import { at, PASSWORD_OF_ANN, startTodos, type TodoPlace } from './todos.ts';

type Seen = { name: string; isShown: boolean };

/** What has the focus, and whether an outline, a ring or a frame shows it. */
const focused = (page: Page): Promise<Seen> =>
  page.evaluate(() => {
    type Styled = { outlineStyle: string; outlineWidth: string; boxShadow: string };
    type Focused = {
      tagName: string;
      innerText: string;
      labels?: ArrayLike<{ innerText: string }>;
      getAttribute(name: string): string | null;
    };
    const { document, getComputedStyle } = globalThis as unknown as {
      document: { activeElement: Focused };
      getComputedStyle(element: Focused): Styled;
    };
    const element = document.activeElement;
    const style = getComputedStyle(element);
    const outlined = style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) >= 2;
    const label = element.getAttribute('aria-label') ?? element.labels?.[0]?.innerText ?? element.innerText;
    return { name: label.trim(), isShown: outlined || style.boxShadow !== 'none' };
  });

/** Presses Tab until this has the focus. Every stop on the way must be seen. */
async function tabTo(page: Page, name: string): Promise<void> {
  const stops: string[] = [];
  for (let presses = 0; presses < 20; presses += 1) {
    const seen = await focused(page);
    if (presses > 0) assert.ok(seen.isShown, `the focus on "${seen.name}" cannot be seen`);
    if (seen.name === name) return;
    stops.push(seen.name);
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab does not lead to "${name}", only to ${stops.join(', ')}`);
}

describe('By keyboard alone', { skip: missingBrowser() }, () => {
  let place: TodoPlace;
  let chromium: Chromium;
  let ann: Person;
  before(async () => {
    [place, chromium] = await Promise.all([startTodos(), startChromium()]);
    ann = await chromium.person();
  });
  after(async () => {
    await chromium?.close();
    await place?.close();
  });

  test('signs in: the focus is where the next word is typed, also after a wrong password', async () => {
    const { page } = ann;
    const { keyboard } = page;
    await page.goto(place.url);
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await tabTo(page, 'Sign in');
    await keyboard.press('Enter');
    await at.name(page).waitFor();
    assert.deepEqual(await focused(page), { name: 'Email or username', isShown: true });
    await keyboard.type('ann');
    await keyboard.press('Enter');
    await at.password(page).waitFor();
    assert.deepEqual(await focused(page), { name: 'Password', isShown: true });
    await keyboard.type('wrong');
    await keyboard.press('Enter');
    await page.getByText('Invalid password').waitFor();
    assert.deepEqual(await focused(page), { name: 'Password', isShown: true });
    await keyboard.type(PASSWORD_OF_ANN);
    await tabTo(page, 'Continue');
    await keyboard.press('Enter');
    await page.getByRole('form', { name: 'New todo' }).waitFor();
  });

  test('makes, edits, ticks and deletes a todo, and the focus is never lost', async () => {
    const { page } = ann;
    const { keyboard } = page;
    await tabTo(page, 'What needs doing?');
    await keyboard.type('Tune the piano');
    await keyboard.press('Enter');
    await page.getByText('0 of 1 done').waitFor();
    assert.equal((await focused(page)).name, 'What needs doing?');
    await tabTo(page, 'Edit Tune the piano');
    await keyboard.press('Enter');
    await page.getByLabel('Title', { exact: true }).waitFor();
    assert.equal((await focused(page)).name, 'Title');
    await keyboard.press('Escape');
    await page.getByRole('button', { name: 'Edit Tune the piano' }).waitFor();
    assert.equal((await focused(page)).name, 'Edit Tune the piano');
    await keyboard.press('Shift+Tab');
    await keyboard.press('Space');
    await page.getByText('All done').waitFor();
    await tabTo(page, 'Delete Tune the piano');
    await keyboard.press('Enter');
    await page.getByText('A clear day').waitFor();
    assert.equal((await focused(page)).name, 'Your todos');
  });

  test('signs out', async () => {
    const { page } = ann;
    await page.reload();
    await page.getByRole('form', { name: 'New todo' }).waitFor();
    await tabTo(page, 'Sign out');
    await page.keyboard.press('Enter');
    await page.getByText('You are signed out. See you soon.').waitFor();
    ann.assertContent();
  });
});

/**
 * A person at a browser, for tests. Owns one Chromium, what its pages complain about, and pictures of them. Every
 * page is watched: a script error, a message in the console or a breach of the content security policy fails the test.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { launchBrowser } from '../environment/browser.ts';

/** A browser of its own, as another person has it: no cookies, no memory. */
export type Person = {
  page: Page;
  context: BrowserContext;
  /** Fails when a page complained of something else than what is expected here. */
  assertContent(expected?: RegExp): void;
  close(): Promise<void>;
};

export type Chromium = { person(options?: BrowserContextOptions): Promise<Person>; close(): Promise<void> };

/** No test waits longer for one state. */
const LONGEST_MILLISECONDS = 20_000;

/** Starts Chromium. */
export async function startChromium(): Promise<Chromium> {
  const browser: Browser = await launchBrowser();
  return {
    person: (options = {}) => enter(browser, options),
    close: () => browser.close(),
  };
}

async function enter(browser: Browser, options: BrowserContextOptions): Promise<Person> {
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  context.setDefaultTimeout(LONGEST_MILLISECONDS);
  const complaints: string[] = [];
  context.on('page', (page) => listen(page, complaints));
  const page = await context.newPage();
  return {
    page,
    context,
    assertContent(expected) {
      assert.deepEqual(
        complaints.filter((each) => !expected?.test(each)),
        [],
        'pages complained',
      );
    },
    close: () => context.close(),
  };
}

/** Chromium writes breaches of the content security policy and failed requests to the console too. */
function listen(page: Page, complaints: string[]): void {
  page.on('pageerror', (fault) => complaints.push(`script: ${fault.stack ?? fault.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      complaints.push(`${message.text()} (${message.location().url})`);
  });
}

/** Writes a picture of the page, when the variable OSTIARY_TEST_PICTURES names a folder. For looking at; no test reads it. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.OSTIARY_TEST_PICTURES;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/**
 * The browser for tests: finds Chromium and starts it with nothing switched on that talks to the network by itself.
 */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];

const MAC = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

/** Path of the browser: the variable CHROMIUM, else Debian's place, else PATH; undefined when there is none. */
export function findChromium(): string | undefined {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const folders = ['/usr/bin', ...(process.env.PATH ?? '').split(delimiter)];
  const candidates = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [...candidates, MAC].find((path) => existsSync(path));
}

/** For the `skip` option of a test that needs a browser: false, or why it cannot run. */
export function missingBrowser(): string | false {
  return findChromium() ? false : 'needs Chromium: install it or name it in the variable CHROMIUM';
}

/** A new Chromium. The caller closes it. Throws when there is none. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error(missingBrowser() || 'no browser');
  return await chromium.launch({ executablePath, headless: true, args: switches() });
}

function switches(): string[] {
  const quiet = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
  const offline = ['--disable-component-update', '--disable-sync'];
  // Chromium's own sandbox refuses to work for root, which is who runs tests in a container.
  return [...quiet, ...offline, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])];
}

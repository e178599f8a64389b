import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchBrowser, missingBrowser } from '../../../tests/environment/browser.ts';
import { type FlowAssets, readFlowAssets } from './assets.ts';
import { examples } from './examples.fixture.ts';

const policy =
  "default-src 'none'; style-src 'self' 'nonce-nonce'; script-src 'self'; img-src 'self' data: https:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
// These leave at once; without a place to go to they stay and can be looked at.
const stay: Readonly<Record<string, object>> = { redirect: { to: 'none' }, autosubmit: { url: 'none' } };
const picture = Buffer.from('R0lGODlhAQABAAAAACwAAAAAAQABAAA=', 'base64');

describe('the sign-in pages in a browser', { skip: missingBrowser() }, () => {
  let assets: FlowAssets;
  let server: Server;
  let browser: Browser;
  let origin: string;
  const posts: URLSearchParams[] = [];

  before(async () => {
    assets = await readFlowAssets();
    server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', origin);
      const file = assets.files.find((one) => one.path === url.pathname);
      const example = examples[url.pathname.slice(1)];
      if (request.method === 'POST') {
        void text(request).then((body) => {
          posts.push(new URLSearchParams(body));
          response.writeHead(200, { 'content-type': 'text/html' }).end('<title>received</title>');
        });
      } else if (file) response.writeHead(200, { 'content-type': file.contentType }).end(file.content);
      else if (url.pathname === '/there')
        response.writeHead(200, { 'content-type': 'text/html' }).end('<title>there</title>');
      else if (example) {
        const change = (challenge: object): object => ({
          ...challenge,
          ...JSON.parse(url.searchParams.get('with') ?? '{}'),
        });
        response
          .writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy })
          .end(example.draw(change, { assets }));
      } else response.writeHead(200, { 'content-type': 'image/gif' }).end(picture);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await launchBrowser();
  });

  after(async () => {
    await browser?.close();
    server?.close();
  });

  async function open(
    name: string,
    options: { change?: object; scripts?: boolean; context?: BrowserContext } = {},
  ): Promise<Page> {
    const context = options.context ?? (await browser.newContext({ javaScriptEnabled: options.scripts ?? true }));
    const page = await context.newPage();
    await page.route('https://**', (route) => route.abort());
    await page.goto(`${origin}/${name}?with=${encodeURIComponent(JSON.stringify(options.change ?? {}))}`);
    return page;
  }

  for (const [colorScheme, width, rules] of [
    ['light', 1280, '{}'],
    ['dark', 320, "{ runOnly: ['color-contrast', 'target-size'] }"],
  ] as const) {
    it(`pass an accessibility check and keep to the policy, ${colorScheme}, ${width} pixels wide`, async () => {
      const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } });
      const refused: string[] = [];
      context.on('console', (message) => {
        if (message.text().includes('Content Security Policy')) refused.push(message.text());
      });
      for (const name of Object.keys(examples)) {
        const page = await open(name, { context, change: stay[name] ?? {} });
        await page.evaluate(axe);
        const found = await page.evaluate(
          `axe.run(document, ${rules}).then((result) => result.violations.map((one) => one.id + ': ' + one.nodes.map((node) => node.html).join(' ')))`,
        );
        assert.deepEqual(found, [], name);
        const fits = await page.evaluate('document.documentElement.scrollWidth <= innerWidth');
        assert.equal(fits, true, `${name} fits`);
        await page.close();
      }
      assert.deepEqual(refused, []);
      await context.close();
    });
  }

  it('need three requests', async () => {
    const context = await browser.newContext();
    const requests: string[] = [];
    context.on('request', (request) => request.url().startsWith('data:') || requests.push(request.url()));
    await open('dummy', { context });
    assert.equal(requests.length, 3, requests.join(' '));
    await context.close();
  });

  it('work with scripts off, and deliver a form post by a button', async () => {
    const page = await open('password', { scripts: false });
    await page.getByLabel('Password').fill('correct horse');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.waitForURL('**/if/flow/**');
    assert.equal(posts.pop()?.get('password'), 'correct horse');

    const delivery = await open('autosubmit', { scripts: false, change: { url: `${origin}/callback` } });
    await delivery.getByRole('button', { name: 'Continue' }).click();
    await delivery.waitForURL('**/callback');
    assert.equal(posts.pop()?.get('code'), 'the-code');
    await page.context().close();
    await delivery.context().close();
  });

  it('send a form once, however often the button is pressed', async () => {
    const page = await open('user-login');
    const submissions = await page.evaluate(`
      let submissions = 0;
      document.addEventListener('submit', (event) => { if (!event.defaultPrevented) submissions += 1; });
      const [, no] = document.querySelectorAll('button');
      no.click();
      no.click();
      submissions;
    `);
    assert.equal(submissions, 1);
    await page.waitForURL('**/if/flow/**');
    assert.equal(posts.pop()?.get('remember_me'), 'false');
    await page.context().close();
  });

  it('show a password on request, and hide it before it is sent', async () => {
    const page = await open('password');
    const field = page.locator('input[name="password"]');
    await page.getByRole('button', { name: 'Show password' }).click();
    assert.equal(await field.getAttribute('type'), 'text');
    assert.equal(await field.evaluate((input) => input === document.activeElement), true);
    await page.getByRole('button', { name: 'Hide password' }).click();
    assert.equal(await field.getAttribute('type'), 'password');
    await page.context().close();
  });

  it('lead to the first error', async () => {
    const page = await open('device-code');
    assert.equal(await page.evaluate('document.activeElement.name'), 'code');
    const several = await open('prompt');
    assert.equal(await several.evaluate('document.activeElement.className'), 'summary');
    await page.context().close();
    await several.context().close();
  });

  it('remember a name in the browser when the person wants it, and forget it again', async () => {
    const context = await browser.newContext();
    for (const [wanted, expected] of [
      [true, 'ann'],
      [false, ''],
    ] as const) {
      const page = await open('identification', { context });
      await page.getByLabel('Email or username').fill('ann');
      await page.getByLabel('Remember my name on this device').setChecked(wanted);
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.waitForURL('**/if/flow/**');
      const again = await open('identification', { context });
      assert.equal(await again.getByLabel('Email or username').inputValue(), expected);
      assert.equal(await again.getByLabel('Remember my name on this device').isChecked(), wanted);
      assert.equal(posts.pop()?.get('remember-name'), null);
    }
    await context.close();
  });

  it('go on by themselves where nothing is asked', async () => {
    const redirect = await open('redirect', { change: { to: '/there' } });
    await redirect.waitForURL('**/there');
    const delivery = await open('autosubmit', { change: { url: `${origin}/callback` } });
    await delivery.waitForURL('**/callback');
    assert.equal(posts.pop()?.get('submit'), 'a field that hides the method of the form');
    await redirect.context().close();
    await delivery.context().close();
  });
});

/** Silent renewal: the page asks for new tokens in a hidden frame, or with a refresh token, and the person sees nothing. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page, Response } from 'playwright-core';
import { missingBrowser } from '../environment/browser.ts';
import { type Chromium, type Person, startChromium } from './chromium.ts';
import { at, signIn, startTodos, type TodoPlace } from './todos.ts';

/** The page renews a minute before the token ends, which is two seconds after it came. */
const shortTokens = (clientType: string): string => `
  - model: authentik_providers_oauth2.oauth2provider
    identifiers: { name: todo-api-provider }
    attrs: { access_token_validity: seconds=62, client_type: ${clientType} }
`;

const tokenOf = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const { sessionStorage } = globalThis as unknown as { sessionStorage: Record<string, string> };
    const stored = Object.entries(sessionStorage).find(([key]) => key.startsWith('oidc.user:'));
    return (JSON.parse(stored?.[1] ?? '{}') as { access_token?: string }).access_token ?? '';
  });

const isTokens = (answer: Response): boolean =>
  answer.url().endsWith('/application/o/token/') && answer.request().method() === 'POST';

for (const offlineAccess of [false, true]) {
  describe(`Renewal by ${offlineAccess ? 'a refresh token' : 'a hidden frame'}`, { skip: missingBrowser() }, () => {
    let place: TodoPlace;
    let chromium: Chromium;
    let ann: Person;
    before(async () => {
      // A refresh token without a secret is for public clients only.
      const more = shortTokens(offlineAccess ? 'public' : 'confidential');
      [place, chromium] = await Promise.all([startTodos({ offlineAccess, more }), startChromium()]);
      ann = await chromium.person();
      await signIn(ann.page, place);
    });
    after(async () => {
      await chromium?.close();
      await place?.close();
    });

    test('happens by itself, again and again, and her work goes on', async () => {
      const { page } = ann;
      await page.getByLabel('What needs doing?').fill('Half a sent');
      const first = await tokenOf(page);
      const frames = new Set<string>();
      page.on('framenavigated', (frame) => frame.parentFrame() && frames.add(new URL(frame.url()).pathname));
      const asked: string[] = [];
      for (let times = 0; times < 2; times += 1) {
        const answer = await page.waitForResponse(isTokens);
        assert.equal(answer.status(), 200);
        asked.push(new URLSearchParams(answer.request().postData() ?? '').get('grant_type') ?? '');
      }
      assert.equal(new Set(asked).size, 1);
      assert.equal(asked[0], offlineAccess ? 'refresh_token' : 'authorization_code');
      assert.equal(frames.has('/callback'), !offlineAccess);
      assert.notEqual(await tokenOf(page), first);
      await page.getByLabel('What needs doing?').pressSequentially('ence');
      await page.keyboard.press('Enter');
      await page.getByText('Half a sentence').waitFor();
      ann.assertContent();
    });

    test('ends when she is shut out, with words about it', async () => {
      const { page } = ann;
      // The library stops renewing with the first refusal; until then a token may be on its way.
      const refused = page.waitForResponse(
        (answer) => (isTokens(answer) && answer.status() >= 400) || answer.url().includes('/callback?error='),
      );
      await place.ostiary.core.database.write((transaction) =>
        transaction.updateTable('users').set({ is_active: 0 }).where('username', '=', 'ann').execute(),
      );
      await refused;
      await page.evaluate(() => {
        const { sessionStorage } = globalThis as unknown as { sessionStorage: Record<string, string> };
        for (const [key, value] of Object.entries(sessionStorage)) {
          if (key.startsWith('oidc.user:'))
            sessionStorage[key] = JSON.stringify({ ...JSON.parse(value), expires_at: 1 });
        }
      });
      await page.reload();
      await page.getByText('Your session has ended. Please sign in again.').waitFor();
      await page.getByRole('button', { name: 'Sign in' }).click();
      await at.name(page).waitFor();
    });
  });
}

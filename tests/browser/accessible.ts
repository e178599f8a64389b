/** Accessibility by axe-core, in light and dark, narrow and wide. */
import assert from 'node:assert/strict';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { picture } from './chromium.ts';

const SIZES = { narrow: { width: 320, height: 640 }, wide: { width: 1280, height: 800 } };

type Found = { violations: { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }[] };

/** Fails with every rule that the page breaks as it stands now, in each of the four looks. */
export async function assertAccessible(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize(viewport);
      await picture(page, `${name}-${colorScheme}-${size}`);
      // The inspector's own door: the page's policy lets no script in, and it stays as it is.
      const { violations } = (await page.evaluate(
        `${axe.source};axe.run(document, { resultTypes: ['violations'] })`,
      )) as Found;
      const told = violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map((node) => node.html) }));
      assert.deepEqual(told, [], `${name}, ${colorScheme}, ${size}`);
      const isWider = await page.evaluate(
        'document.documentElement.scrollWidth > document.documentElement.clientWidth',
      );
      assert.ok(!isWider, `${name} is wider than a ${size} window`);
    }
  }
}

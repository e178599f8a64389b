import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { surroundings } from './examples.fixture.ts';
import { type FaultWords, faultWords } from './fault-words.ts';
import { renderErrorPage } from './page.ts';

describe('a fault with a page of its own', () => {
  for (const [name, words] of Object.entries<FaultWords>(faultWords)) {
    it(`tells a person what happened and what to do: ${name}`, () => {
      assert.ok(words.status >= 400 && words.status < 600);
      const page = renderErrorPage({ ...surroundings, ...words });
      for (const text of [words.title, words.message, words.remedy])
        assert.ok(text && page.includes(`>${text}</`), name);
      assert.ok(page.includes(`<title>${words.title} · Example</title>`));
      assert.equal(page.includes('<form'), false);
    });
  }
});

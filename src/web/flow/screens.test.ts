import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { elements, skeleton } from './elements.fixture.ts';
import { examples, surroundings } from './examples.fixture.ts';

const isUrl = /url$|avatar$|^to$|^background/;
const isChosen = new Set(['component', 'layout', 'type', 'flow_designation']);

/** The same challenge with every free text led through `text`, and every URL through `url`. Keys of records too. */
function rewrite(value: unknown, text: (old: string) => string, url: (old: string) => string, key = ''): unknown {
  if (typeof value === 'string') return isChosen.has(key) ? value : isUrl.test(key) ? url(value) : text(value);
  if (Array.isArray(value)) return value.map((item) => rewrite(item, text, url, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [key === 'attrs' ? text(name) : name, rewrite(item, text, url, name)]),
  );
}

const same = (old: string): string => old;
const inner = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom('<', '>', '"', "'", '&', '</form>', '<script>', '<!--', '</style>', ' onload=', '\n'), {
      maxLength: 8,
    })
    .map((parts) => parts.join('')),
);

for (const [name, example] of Object.entries(examples)) {
  describe(`the ${name} page`, () => {
    it('is the same page whatever the words in it are', () => {
      const expected = skeleton(example.draw((challenge) => rewrite(challenge, (old) => `x${old}`, same) as object));
      fc.assert(
        fc.property(inner, (words) => {
          const page = example.draw((challenge) => rewrite(challenge, (old) => `x${words}${old}`, same) as object);
          assert.deepEqual(skeleton(page), expected);
        }),
        { numRuns: 40 },
      );
    });

    it('never links, posts or loads what is no web address', () => {
      for (const url of ['javascript:alert(1)', 'data:text/html,x', '//evil.example', 'java\tscript:alert(1)']) {
        const page = example.draw((challenge) => rewrite(challenge, same, () => url) as object);
        for (const { attributes } of elements(page)) {
          for (const address of [attributes['href'], attributes['src'], attributes['action'], attributes['srcset']]) {
            if (address !== undefined) assert.match(address, /^(\/(?!\/)|#|https?:|data:image\/)/);
          }
        }
      }
    });

    it('has no script, style or handler of its own, as the policy demands', () => {
      for (const element of elements(example.draw())) {
        assert.notEqual(element.name, 'style');
        if (element.name === 'script') assert.equal(element.attributes['src'], surroundings.assets.script);
        for (const attribute of Object.keys(element.attributes)) assert.doesNotMatch(attribute, /^(on|style$)/);
      }
    });

    it('names its language, has one heading, and labels every field', () => {
      const page = example.draw();
      const all = elements(page);
      assert.equal(all.find((element) => element.name === 'html')?.attributes['lang'], 'en');
      assert.equal(all.filter((element) => element.name === 'h1').length, 1);
      assert.equal(all.filter((element) => element.name === 'main').length, 1);
      const ids = all.flatMap((element) => element.attributes['id'] ?? []);
      assert.equal(new Set(ids).size, ids.length, 'ids are unique');
      const labelled = new Set(all.flatMap((element) => element.attributes['for'] ?? []));
      for (const { name: tag, attributes } of all) {
        const shown = attributes['type'] !== 'hidden' && attributes['hidden'] === undefined;
        if (['input', 'select', 'textarea'].includes(tag) && shown)
          assert.ok(labelled.has(attributes['id'] ?? ''), attributes['name'] ?? tag);
        for (const id of (attributes['aria-describedby'] ?? '').split(' ').filter(Boolean))
          assert.ok(ids.includes(id), id);
        if (tag === 'img') assert.notEqual(attributes['alt'], undefined);
      }
    });

    it('says errors once aloud, and ties them to their fields', () => {
      const errors: Record<string, unknown> =
        ((example.challenge as { response_errors?: object }).response_errors as Record<string, unknown>) ?? {};
      const page = example.draw();
      const all = elements(page);
      const alerts = all.filter((element) => element.attributes['role'] === 'alert');
      assert.equal(alerts.length, Object.keys(errors).length > 0 ? 1 : 0);
      assert.equal(/<title>Error: /.test(page), Object.keys(errors).length > 0);
      for (const { attributes } of all) {
        if (attributes['aria-invalid'] === 'true') assert.match(attributes['aria-describedby'] ?? '', /-error\b/);
        if (attributes['href']?.startsWith('#')) {
          assert.ok(
            all.some((element) => `#${element.attributes['id']}` === attributes['href']),
            attributes['href'],
          );
        }
      }
    });
  });
}

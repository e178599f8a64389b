import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { attributes, escapeHtml, html, raw, safeImageUrl, safeUrl } from './html.ts';

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom('<', '>', '"', "'", '&', '`', '=', '/', '<script>', '-->', ' onload=', 'a'), {
      maxLength: 12,
    })
    .map((parts) => parts.join('')),
);

function unescape(text: string): string {
  const characters: Record<string, string> = { lt: '<', gt: '>', quot: '"', '#39': "'", '#96': '`', amp: '&' };
  return text.replace(/&(lt|gt|quot|#39|#96|amp);/g, (_, name: string) => characters[name] ?? '');
}

describe('html', () => {
  it('escapes every value, in text and in attributes', () => {
    fc.assert(
      fc.property(hostile, hostile, (text, value) => {
        const drawn = html`<b title="${value}">${text}</b>`.toString();
        const found = /^<b title="([^"<>]*)">([^<>"']*)<\/b>$/s.exec(drawn);
        assert.ok(found, drawn);
        assert.equal(unescape(found[1] ?? ''), value);
        assert.equal(unescape(found[2] ?? ''), text);
      }),
    );
  });

  it('puts in HTML and lists of it as they are, and nothing for what is absent', () => {
    const items = ['a', '<b>'].map((name) => html`<li>${name}</li>`);
    assert.equal(
      html`<ul>${items}</ul>${undefined}${null}${false}${0}`.toString(),
      '<ul><li>a</li><li>&lt;b&gt;</li></ul>0',
    );
    assert.equal(html`${[['<', [raw('<hr>')]]]}`.toString(), '&lt;<hr>');
  });

  it('does not take an object for HTML because it looks like it', () => {
    const impostor = JSON.parse('{"markup":"<script>"}') as string;
    assert.ok(!html`${impostor}`.toString().includes('<'));
    const speaking = { toString: () => '<script>' } as unknown as string;
    assert.equal(html`${speaking}`.toString(), '&lt;script&gt;');
  });

  it('escapes so that nothing is left to end a value or a tag', () => {
    fc.assert(fc.property(hostile, (text) => !/[<>"'`]/.test(escapeHtml(text))));
  });
});

describe('attributes', () => {
  it('writes true as a bare name and leaves out what is absent', () => {
    const drawn = attributes({ required: true, hidden: false, id: 'a"b', title: undefined, step: 1 });
    assert.equal(drawn.toString(), ' required id="a&quot;b" step="1"');
  });

  it('refuses event handlers, styles and names that are none', () => {
    for (const name of ['onclick', 'style', 'srcdoc', 'a b', 'x>', 'A', '']) {
      assert.throws(() => attributes({ [name]: 'x' }), TypeError, name);
    }
  });
});

describe('safeUrl', () => {
  it('lets through http, https, mailto and paths of this origin', () => {
    for (const url of [
      'https://example.org/a?b#c',
      'HTTP://example.org',
      'mailto:ann@example.org',
      '/a/b?c=d',
      '?a=b',
      '#field',
    ]) {
      assert.equal(safeUrl(url), url);
    }
  });

  it('lets nothing else through', () => {
    const refused = [
      'javascript:alert(1)',
      'JaVaScRiPt:alert(1)',
      ' javascript:alert(1)',
      'java\nscript:alert(1)',
      '\u0001javascript:alert(1)',
      'data:text/html,x',
      'vbscript:x',
      'blob:https://example.org/1',
      'file:///etc/passwd',
      '//evil.example',
      '/\\evil.example',
      '\\\\evil.example',
      '/\t/evil.example',
      'https:evil.example',
      'https:/evil.example',
      'relative/path',
      'https://',
      '',
    ];
    for (const url of [...refused, undefined, null]) assert.equal(safeUrl(url), undefined, String(url));
  });

  it('only ever gives what a browser opens on this origin or by a known scheme', () => {
    const parts = fc.constantFrom(
      '/',
      '\\',
      ':',
      'javascript',
      'https',
      'data',
      '\t',
      '\n',
      ' ',
      '.',
      '@',
      '?',
      '#',
      'x',
      '%2f',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(parts, { maxLength: 8 }).map((all) => all.join('')),
        ),
        (text) => {
          const url = safeUrl(text);
          if (url === undefined) return;
          const opened = new URL(url, 'https://door.example/if/flow/');
          assert.match(opened.protocol, /^(https?|mailto):$/);
          if (/^[/?#]/.test(url)) assert.equal(opened.origin, 'https://door.example');
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('safeImageUrl', () => {
  it('takes pictures in base64 besides http and paths, and no documents', () => {
    const picture = `data:image/svg+xml;base64,${btoa('<svg xmlns="http://www.w3.org/2000/svg"/>')}`;
    assert.equal(safeImageUrl(picture), picture);
    assert.equal(safeImageUrl('/files/logo.png'), '/files/logo.png');
    for (const url of [
      'data:text/html;base64,PGI+',
      'data:image/svg+xml,<svg>',
      'data:image/png;base64,"',
      'mailto:a@b.c',
      '?x',
    ]) {
      assert.equal(safeImageUrl(url), undefined, url);
    }
  });
});

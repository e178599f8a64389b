import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { elements } from './elements.fixture.ts';
import { examples, surroundings } from './examples.fixture.ts';
import { renderErrorPage } from './page.ts';

/** What a browser without scripts would send when the first button is pressed and nothing is typed. */
function sent(page: string): Record<string, string> {
  const form = /<form[^>]*>[\s\S]*?<\/form>/.exec(page)?.[0] ?? '';
  return Object.fromEntries(
    elements(form)
      .filter((element) => element.attributes['name'] && ['input', 'textarea', 'select'].includes(element.name))
      .map((element) => [element.attributes['name'], element.attributes['value'] ?? '']),
  );
}

describe('a form with scripts off', () => {
  it('sends the run, the component and the fields of the answer', () => {
    assert.deepEqual(sent(examples['identification']?.draw(undefined, { typed: { uid_field: 'ann' } }) ?? ''), {
      run: 'sealed-run',
      component: 'ak-stage-identification',
      uid_field: 'ann',
      password: '',
    });
    assert.deepEqual(sent(examples['password']?.draw() ?? ''), {
      run: 'sealed-run',
      component: 'ak-stage-password',
      uid_field: 'ann',
      password: '',
    });
    assert.deepEqual(sent(examples['consent']?.draw() ?? ''), {
      run: 'sealed-run',
      component: 'ak-stage-consent',
      token: 'consent-token',
    });
    assert.equal(sent(examples['device-code']?.draw() ?? '')['code'], 'BCDF-GHJK');
  });

  it('lets the person answer by button, and deliver a form post by button', () => {
    const remember = elements(examples['user-login']?.draw() ?? '').filter((element) => element.name === 'button');
    assert.deepEqual(
      remember.map((button) => [button.attributes['name'], button.attributes['value']]),
      [
        ['remember_me', 'true'],
        ['remember_me', 'false'],
      ],
    );
    const page = examples['autosubmit']?.draw() ?? '';
    assert.match(page, /<form method="post" action="https:\/\/todo\.example\.org\/callback"/);
    assert.match(page, /<input type="hidden" name="code" value="the-code"/);
    assert.match(page, /<button class="button main">/);
    assert.doesNotMatch(page, /sealed-run/, 'the run is nobody else’s matter');
  });

  it('has every field of a prompt once, and sends files as files', () => {
    const page = examples['prompt']?.draw() ?? '';
    assert.match(page, /<form[^>]* enctype="multipart\/form-data"/);
    const names = Object.keys(sent(page)).filter((name) => name.startsWith('key-'));
    assert.equal(names.length, 16);
  });

  it('gives nobody their password back', () => {
    for (const example of Object.values(examples)) {
      const page = example.draw(undefined, { typed: { password: 'correct horse', 'key-7': 'correct horse' } });
      assert.doesNotMatch(page, /type="password"[^>]* value=/);
      assert.doesNotMatch(page, /value="[^"]*"[^>]* type="password"/);
    }
  });

  it('keeps what was typed, and lets a box stay off', () => {
    const page = examples['prompt']?.draw(undefined, { typed: { 'key-0': 'typed "before"' } }) ?? '';
    assert.match(page, /value="typed &quot;before&quot;"/);
    assert.equal(
      elements(page).find((element) => element.attributes['type'] === 'checkbox')?.attributes['checked'],
      undefined,
    );
  });

  it('tells password managers and browsers what each field is', () => {
    const purposes = (name: string): (string | undefined)[] =>
      elements(examples[name]?.draw() ?? '').flatMap((element) => element.attributes['autocomplete'] ?? []);
    assert.deepEqual(purposes('identification'), ['username', 'current-password']);
    assert.deepEqual(purposes('password'), ['username', 'current-password']);
    assert.ok(purposes('prompt').includes('new-password') && purposes('prompt').includes('email'));
  });
});

describe('the brand', () => {
  it('may bring its own style, which cannot leave its element', () => {
    const brand = { ...surroundings.brand, customCss: 'a{color:red}</style><script>alert(1)</script>' };
    const page = examples['dummy']?.draw(undefined, { brand }) ?? '';
    assert.match(page, /<style nonce="nonce">a\{color:red\}\\3c \/style>/);
    assert.equal(page.match(/<\/style/g)?.length, 1);
    assert.doesNotMatch(examples['dummy']?.draw(undefined, { brand, nonce: undefined }) ?? '', /<style/);
  });

  it('shows its logo, or the drawn mark where none was chosen', () => {
    const withLogo = { ...surroundings.brand, logoUrl: '/files/logo.png' };
    assert.match(
      examples['dummy']?.draw(undefined, { brand: withLogo }) ?? '',
      /<img class="brand-logo" src="\/files\/logo.png" alt="Example">/,
    );
    const byDefault = { ...surroundings.brand, logoUrl: '/static/dist/assets/icons/icon_left_brand.svg' };
    assert.match(examples['dummy']?.draw(undefined, { brand: byDefault }) ?? '', /<svg class="mark"/);
  });
});

describe('a page about a fault', () => {
  it('says what happened, what to do and the request, and escapes it all', () => {
    const page = renderErrorPage({
      ...surroundings,
      title: 'Redirect URI Error',
      message: 'The application sent <you> with an address that it has not registered.',
      remedy: 'Go back & try again.',
      link: { href: 'javascript:alert(1)', label: 'Back' },
    });
    assert.match(page, /<h1>Redirect URI Error<\/h1>/);
    assert.match(page, /sent &lt;you&gt; with/);
    assert.match(page, /Go back &amp; try again\./);
    assert.match(page, /<code>request-1<\/code>/);
    assert.doesNotMatch(page, /javascript:|<form/);
  });
});

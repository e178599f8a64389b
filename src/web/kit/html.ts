/**
 * HTML that is safe by construction: text is escaped unless it is already `Html`.
 * Owns escaping and which URLs may become a link, an action or an image. Knows nothing of pages.
 */

/** A piece of HTML. Only this file makes one, so a string can never pass for it. */
export class Html {
  readonly #markup: string;

  private constructor(markup: string) {
    this.#markup = markup;
  }

  /** For this file only: the callers are `html` and `raw`. */
  static of(markup: string): Html {
    return new Html(markup);
  }

  /** The markup, ready to be sent. */
  toString(): string {
    return this.#markup;
  }
}

/** What may stand in a template. `false`, `null` and `undefined` are nothing, so that `condition && html…` works. */
export type HtmlValue = Html | string | number | false | null | undefined | readonly HtmlValue[];

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** Escapes text for element content and for quoted attribute values. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => entities[character] ?? '');
}

function draw(value: HtmlValue): string {
  if (value === false || value === null || value === undefined) return '';
  if (value instanceof Html) return value.toString();
  if (typeof value === 'string') return escapeHtml(value);
  if (typeof value === 'number') return String(value);
  // Only arrays are left by type. An object that only looks like HTML is escaped like any text.
  return Array.isArray(value) ? value.map(draw).join('') : escapeHtml(String(value));
}

/**
 * Template tag: every value is escaped, `Html` and arrays of it are put in as they are.
 * Attribute values must be quoted in the template: `<a href="${…}">`. A value is never put into a script or a style.
 */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let markup = parts[0] ?? '';
  for (const [index, value] of values.entries()) markup += draw(value) + (parts[index + 1] ?? '');
  return Html.of(markup);
}

/**
 * Markup as it is. Only for constants of this program, never for anything that came from outside. (One exception: a
 * brand's own CSS, which `web/flow/document.ts` makes unable to leave its element.)
 */
export function raw(constant: string): Html {
  return Html.of(constant);
}

/**
 * Attributes with escaped values, each led by a space. `true` writes the bare name; `false`, `null` and `undefined`
 * leave it out.
 * @throws TypeError for a name that is no plain attribute name, and for event handlers and `style`.
 */
export function attributes(values: Readonly<Record<string, string | number | boolean | null | undefined>>): Html {
  let markup = '';
  for (const [name, value] of Object.entries(values)) {
    if (!/^[a-z][a-z0-9-]*$/.test(name) || /^(on.*|style|srcdoc)$/.test(name)) {
      throw new TypeError(`"${name}" may not be written as an attribute`);
    }
    if (value === false || value === null || value === undefined) continue;
    markup += value === true ? ` ${name}` : ` ${name}="${escapeHtml(String(value))}"`;
  }
  return Html.of(markup);
}

// A base that no real address has: what resolves to it was relative.
const nowhere = 'http://relative.invalid';

function parse(url: string): URL | undefined {
  // Browsers drop tabs and line breaks and read a backslash as a slash; whoever writes them hides something.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (url === '' || /[\u0000-\u0020\\\u007f]/.test(url)) return undefined;
  return URL.parse(url, nowhere) ?? undefined;
}

/**
 * The URL when it may be a link or a form action: `http:`, `https:`, `mailto:`, or a path, query or fragment of this
 * origin. Undefined for everything else (`javascript:`, `data:`, `//host`, other schemes).
 */
export function safeUrl(url: string | null | undefined): string | undefined {
  const parsed = parse(url ?? '');
  if (!url || !parsed) return undefined;
  if (/^[/?#]/.test(url)) return parsed.origin === nowhere && !url.startsWith('//') ? url : undefined;
  return /^(https?:\/\/|mailto:)/i.test(url) ? url : undefined;
}

/**
 * The URL when it may be an image: `http:`, `https:`, a path of this origin, or an image in base64. A picture inside
 * `<img>` runs no script, SVG included.
 */
export function safeImageUrl(url: string | null | undefined): string | undefined {
  if (url && /^data:image\/(png|jpeg|gif|webp|avif|svg\+xml);base64,[A-Za-z0-9+/]+={0,2}$/.test(url)) return url;
  const safe = safeUrl(url);
  return safe && /^(\/|https?:)/i.test(safe) ? safe : undefined;
}

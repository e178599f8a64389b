/**
 * A person's browser without scripts: keeps cookies, follows redirects on its own origin, fills in forms as they stand
 * in the page. Owns nothing of the product; what it knows of a page is what its HTML says.
 */

/** What came back. `location` is set when a redirect leads to another origin, where this browser stops. */
export type Answer = {
  status: number;
  url: string;
  headers: Headers;
  body: string;
  location: string | undefined;
};

export type Form = { action: string; method: string; fields: Record<string, string>; buttons: string[] };

export class Visitor {
  readonly origin: string;
  readonly cookies = new Map<string, string>();
  readonly #headers: Record<string, string>;
  /** The last answer. */
  last: Answer | undefined;

  constructor(origin: string, headers: Record<string, string> = {}) {
    this.origin = origin;
    this.#headers = headers;
  }

  /** Opens an address, following redirects that stay on this origin. */
  async open(address: string): Promise<Answer> {
    return this.#follow(address, { method: 'GET' });
  }

  /** Sends the form of the last page with these values typed in. */
  async submit(typed: Record<string, string>): Promise<Answer> {
    const form = this.form();
    const body = new URLSearchParams({ ...form.fields, ...typed }).toString();
    return this.#follow(form.action, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: this.origin },
    });
  }

  /** One request without following anything. */
  async request(address: string, init: RequestInit = {}): Promise<Answer> {
    const url = new URL(address, this.last?.url ?? this.origin);
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = new Headers({ accept: 'text/html', ...this.#headers, ...(init.headers as Record<string, string>) });
    if (cookie && url.origin === this.origin) headers.set('cookie', cookie);
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    const location = response.headers.get('location');
    const answer: Answer = {
      status: response.status,
      url: url.href,
      headers: response.headers,
      body: await response.text(),
      location: location === null ? undefined : new URL(location, url).href,
    };
    this.last = answer;
    return answer;
  }

  /** The form of the last page. Throws when there is none. */
  form(): Form {
    const page = this.last?.body ?? '';
    const open = /<form\b[^>]*>/.exec(page)?.[0];
    if (!open)
      throw new Error(`no form on ${this.last?.url}:\n${page.replace(/<svg[\s\S]*?<\/svg>/g, '').slice(0, 1500)}`);
    const fields: Record<string, string> = {};
    for (const [input] of page.matchAll(/<input\b[^>]*>/g)) {
      const name = attribute(input, 'name');
      const type = attribute(input, 'type');
      if (name !== undefined && (type === 'hidden' || type === 'text')) fields[name] = attribute(input, 'value') ?? '';
    }
    const action = new URL(attribute(open, 'action') ?? '', this.last?.url ?? this.origin).href;
    const buttons = [...page.matchAll(/<button\b[^>]*>([\s\S]*?)<\/button>/g)].map((found) => text(found[1] ?? ''));
    return { action, method: attribute(open, 'method') ?? 'get', fields, buttons };
  }

  /** The words of the last page, without tags. */
  words(): string {
    return text((this.last?.body ?? '').replace(/<(style|svg|script)\b[\s\S]*?<\/\1>/g, ' '));
  }

  async #follow(address: string, init: RequestInit): Promise<Answer> {
    let answer = await this.request(address, init);
    for (let hops = 0; answer.location !== undefined && answer.status < 400; hops += 1) {
      if (hops > 20) throw new Error(`too many redirects, the last to ${answer.location}`);
      if (new URL(answer.location).origin !== this.origin) return answer;
      answer = await this.request(answer.location, { method: 'GET' });
    }
    return answer;
  }

  #keep(line: string): void {
    const [pair = '', ...rest] = line.split(';');
    const equals = pair.indexOf('=');
    const name = pair.slice(0, equals).trim();
    const path = rest.map((part) => part.trim()).find((part) => part.toLowerCase().startsWith('path='));
    // Cookies of a narrower path belong to programs; this browser does not need them.
    if (path && path.slice(5) !== '/') return;
    if (rest.some((part) => /^\s*max-age=0$/i.test(part))) this.cookies.delete(name);
    else this.cookies.set(name, pair.slice(equals + 1));
  }
}

function attribute(tag: string, name: string): string | undefined {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
  return found === undefined ? undefined : unescape(found);
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'" };
const unescape = (html: string): string =>
  html.replace(/&(amp|lt|gt|quot|#39|#x27);/g, (_, name: string) => ENTITIES[name] ?? '');
const text = (html: string): string =>
  unescape(html.replace(/<[^>]*>/g, ' '))
    .replace(/\s+/g, ' ')
    .trim();

/**
 * A program that speaks the executor's JSON, one request at a time, so that a test sees every status and cookie.
 * Keeps cookies and follows nothing by itself.
 */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import type { TestOstiary } from './ostiary.ts';

export type Reply = {
  status: number;
  location: string | undefined;
  text: string;
  json: Record<string, unknown>;
  setCookies: string[];
};

export class Program {
  readonly cookies = new Map<string, string>();
  readonly address: string;

  constructor({ url }: Pick<TestOstiary, 'url'>, slug: string, query?: string) {
    const text = query === undefined ? '' : `?query=${encodeURIComponent(query)}`;
    this.address = `${url}/api/v3/flows/executor/${slug}/${text}`;
  }

  look(headers: Record<string, string> = {}): Promise<Reply> {
    return this.send({ method: 'GET', headers });
  }

  /** Sends an answer as JSON; text is sent as it is. */
  post(answer: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    const body = typeof answer === 'string' ? answer : JSON.stringify(answer);
    return this.send({ method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
  }

  /** Answers and looks where that led. */
  async answer(answer: unknown): Promise<Reply> {
    const reply = await this.post(answer);
    return reply.status === 302 ? this.look() : reply;
  }

  async send({ method, body, headers = {} }: Sent): Promise<Reply> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const reply = await exchange(this.address, {
      method,
      ...(body !== undefined && { body }),
      headers: { accept: 'application/json', ...(cookie && { cookie }), ...headers },
    });
    for (const line of reply.setCookies) {
      const [pair = ''] = line.split(';');
      const equals = pair.indexOf('=');
      if (/max-age=0/i.test(line)) this.cookies.delete(pair.slice(0, equals));
      else this.cookies.set(pair.slice(0, equals), pair.slice(equals + 1));
    }
    return reply;
  }
}

type Sent = { method: string; body?: string; headers?: Record<string, string> };

/** One exchange with exactly these headers: `fetch` would add and change some that say what a browser is doing. */
export async function exchange(address: string, { method, body, headers = {} }: Sent): Promise<Reply> {
  const sent = request(address, { method, headers, agent: false });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const text = await readText(answer);
  const json = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {};
  const { location, 'set-cookie': setCookies = [] } = answer.headers;
  return { status: answer.statusCode ?? 0, location, text, json, setCookies };
}

/** Answers of the shipped sign-in. */
export const named = (uid_field: string) => ({ component: 'ak-stage-identification', uid_field });
export const proven = (password: string) => ({ component: 'ak-stage-password', password });

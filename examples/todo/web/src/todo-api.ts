import type { Session } from './session.ts';
import { SESSION_ENDED } from './session-words.ts';

/** A todo as the API gives it. */
export type Todo = {
  readonly id: string;
  readonly title: string;
  readonly description: string | null;
  readonly completed: boolean;
};

/** What a person writes about a todo. */
export type TodoDraft = { readonly title: string; readonly description: string | null; readonly completed: boolean };

/** Something that did not work, in words for the person who looks at the page. */
export class TodoFault extends Error {}

/** Long enough for a slow network, short enough for somebody who waits. */
const LONGEST_WAIT_MILLISECONDS = 15_000;

/** The todo API, called in the name of the person whose session it is. Every method throws TodoFault. */
export class TodoApi {
  readonly #baseUrl: string;
  readonly #session: Session;

  constructor(baseUrl: string, session: Session) {
    this.#baseUrl = baseUrl.replace(/\/$/, '');
    this.#session = session;
  }

  async list(): Promise<Todo[]> {
    const body = await this.#call('GET', '/todos/');
    if (!Array.isArray(body)) throw new TodoFault('The todo service gave an answer that makes no sense.');
    return body.map(readTodo);
  }

  async add(draft: TodoDraft): Promise<Todo> {
    return readTodo(await this.#call('POST', '/todos/', draft));
  }

  async change(id: string, change: Partial<TodoDraft>): Promise<Todo> {
    return readTodo(await this.#call('PUT', `/todos/${encodeURIComponent(id)}`, change));
  }

  async remove(id: string): Promise<void> {
    await this.#call('DELETE', `/todos/${encodeURIComponent(id)}`);
  }

  async #call(method: string, path: string, content?: object): Promise<unknown> {
    let answer = await this.#send(method, path, content);
    if (isInvalidToken(answer)) {
      // One silent renewal, then the sign-in page: a second refusal would not be mended by a third token.
      if (await this.#session.renewOrEnd()) answer = await this.#send(method, path, content);
    }
    if (answer.status === 401) {
      await this.#session.end(SESSION_ENDED);
      throw new TodoFault(SESSION_ENDED);
    }
    if (answer.status === 204) return undefined;
    const body: unknown = await answer.json().catch(() => undefined);
    if (!answer.ok) throw new TodoFault(explain(answer.status, body));
    return body;
  }

  async #send(method: string, path: string, content?: object): Promise<Response> {
    const headers = new Headers({ authorization: `Bearer ${this.#session.accessToken ?? ''}` });
    if (content) headers.set('content-type', 'application/json');
    try {
      return await fetch(this.#baseUrl + path, {
        method,
        headers,
        body: content ? JSON.stringify(content) : null,
        signal: AbortSignal.timeout(LONGEST_WAIT_MILLISECONDS),
      });
    } catch {
      throw new TodoFault('The todo service does not answer. Please check your connection and try again.');
    }
  }
}

/** RFC 6750 section 3.1: the token expired, was revoked, or is wrong in another way. */
function isInvalidToken(answer: Response): boolean {
  return answer.status === 401 && /error="invalid_token"/.test(answer.headers.get('www-authenticate') ?? '');
}

function explain(status: number, body: unknown): string {
  if (status === 404) return 'This todo is gone. It may have been deleted in another window.';
  if (status === 503) return 'The todo service is not ready at the moment. Please try again soon.';
  const message = isRecord(body) ? body.message : undefined;
  if (status < 500 && typeof message === 'string') return message;
  return 'The todo service has a problem. Please try again in a moment.';
}

function readTodo(value: unknown): Todo {
  if (isRecord(value)) {
    const { id, title, description, completed } = value;
    if (typeof id === 'string' && typeof title === 'string' && typeof completed === 'boolean') {
      return { id, title, completed, description: typeof description === 'string' ? description : null };
    }
  }
  throw new TodoFault('The todo service gave an answer that makes no sense.');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/**
 * A small HTTP/1.1 client on one kept connection. The load shares the processors with the server, so it costs as
 * little as it can: it reads a status, the headers as text, and as many bytes as Content-Length says.
 */
import { connect, type Socket } from 'node:net';

export type Answer = { status: number; head: string; body: string };

/** A request that has no answer by then fails. */
const LONGEST_ANSWER_MILLISECONDS = 20_000;

export class Connection {
  readonly #socket: Socket;
  readonly #host: string;
  #received = '';
  #waiting: { resolve(answer: Answer): void; reject(fault: Error): void } | undefined;

  constructor(port: number) {
    this.#host = `localhost:${port}`;
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.setNoDelay(true);
    this.#socket.setEncoding('latin1');
    this.#socket.setTimeout(LONGEST_ANSWER_MILLISECONDS);
    this.#socket.on('data', (text: string) => this.#take(text));
    this.#socket.on('timeout', () => this.#socket.destroy(new Error('no answer in time')));
    this.#socket.on('error', (fault) => this.#fail(fault));
    this.#socket.on('close', () => this.#fail(new Error('the connection was closed')));
  }

  /** Sends a request whose text is complete. @throws when no answer comes in time, or the connection ends */
  send(request: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new Error('the connection was closed'));
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send(this.text('GET', path, headers));
  }

  post(path: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
    const body = new URLSearchParams(form).toString();
    return this.send(
      this.text('POST', path, { 'content-type': 'application/x-www-form-urlencoded', ...headers }, body),
    );
  }

  /** The text of a request, to be sent many times. */
  text(method: string, path: string, headers: Record<string, string> = {}, body = ''): string {
    const lines = Object.entries({ host: this.#host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    const length = method === 'POST' ? `content-length: ${Buffer.byteLength(body)}\r\n` : '';
    return `${method} ${path} HTTP/1.1\r\n${lines.join('')}${length}\r\n${body}`;
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #fail(fault: Error): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(fault);
  }

  #take(text: string): void {
    this.#received += text;
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#received.slice(0, end);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (this.#received.length < end + 4 + length) return;
    const body = this.#received.slice(end + 4, end + 4 + length);
    this.#received = this.#received.slice(end + 4 + length);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ status: Number(head.slice(9, 12)), head, body });
  }
}

/** A header of an answer, or undefined. */
export const headerOf = (answer: Answer, name: string): string | undefined =>
  new RegExp(`\\r\\n${name}: ([^\\r]*)`, 'i').exec(answer.head)?.[1];

/** The answer, if it has this status. @throws with what came instead */
export function expect(answer: Answer, status: number): Answer {
  if (answer.status === status) return answer;
  throw new Error(`${answer.status} instead of ${status}: ${answer.head}\n${answer.body.slice(0, 2000)}`);
}

/** One thing to do over and over. */
export type Work = (connection: Connection, index: number) => Promise<void>;

/** Does the work on so many connections for so long; returns how often it was done and in how many seconds. */
export async function load(
  port: number,
  connections: number,
  milliseconds: number,
  work: Work,
): Promise<{ done: number; seconds: number }> {
  const all = Array.from({ length: connections }, () => new Connection(port));
  const started = performance.now();
  let done = 0;
  try {
    await Promise.all(
      all.map(async (connection, index) => {
        while (performance.now() - started < milliseconds) {
          await work(connection, index);
          done += 1;
        }
      }),
    );
  } finally {
    for (const connection of all) connection.close();
  }
  return { done, seconds: (performance.now() - started) / 1000 };
}

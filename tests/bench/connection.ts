/**
 * A small HTTP/1.1 client on one kept connection. The load shares two cores with the server, so it costs as little as
 * it can: it reads a status, the headers as text, and as many bytes as Content-Length says.
 */
import { connect, type Socket } from 'node:net';

export type Answer = { status: number; head: string; body: string };

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
    this.#socket.on('data', (text: string) => this.#take(text));
    const fail = (): void => this.#waiting?.reject(new Error('the connection was closed'));
    this.#socket.on('error', fail);
    this.#socket.on('close', fail);
  }

  /** Sends a request whose text is complete. */
  send(request: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
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

/** Does `work` over and over on so many connections for so long; returns how often per second. Throws on a wrong answer. */
export async function rate(
  port: number,
  connections: number,
  milliseconds: number,
  work: (connection: Connection) => Promise<void>,
): Promise<number> {
  const started = performance.now();
  let done = 0;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const connection = new Connection(port);
      try {
        while (performance.now() - started < milliseconds) {
          await work(connection);
          done += 1;
        }
      } finally {
        connection.close();
      }
    }),
  );
  return (done * 1000) / (performance.now() - started);
}

// For the tests: the API on a free port with a database in memory, and somebody who calls it.
import type { TodoApiConfig } from './config.ts';
import { startTodoApi } from './server.ts';
import type { RunningTodoApi } from './server.ts';
import type { TestIssuer } from './test-issuer.ts';

/** What came back. `body` is undefined when there was none. */
export type Answer = { status: number; headers: Headers; body: unknown };

/** Starts the API for the issuer's tokens. */
export function startApiFor(issuer: TestIssuer, change: Partial<TodoApiConfig> = {}): Promise<RunningTodoApi> {
  return startTodoApi({
    issuer: issuer.url,
    audience: issuer.audience,
    jwksUri: `${issuer.url}jwks/`,
    jwksCooldownMilliseconds: 0,
    databaseUrl: ':memory:',
    allowedOrigins: ['http://localhost:3000'],
    host: '127.0.0.1',
    port: 0,
    log: false,
    ...change,
  });
}

/** Calls the API. A `body` that is no string is sent as JSON. */
export async function call(
  api: RunningTodoApi,
  method: string,
  path: string,
  { token, body, headers = {} }: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const response = await fetch(new URL(path, api.url), {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

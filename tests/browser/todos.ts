/** The todo application on a whole Ostiary, for tests in a browser: what the tutorial builds, on free ports. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { startTodoApi, type RunningTodoApi } from '../../examples/todo/api/src/server.ts';
import { startTodoWeb, type RunningTodoWeb } from '../../examples/todo/web/serve.ts';
import { type DatabaseEngine, databases } from '../environment/databases.ts';
import { startOstiary, type TestOstiary } from '../environment/ostiary.ts';

/** More for the blueprint: the application's provider asks before it tells anything. */
export const ASKS_FIRST = `
  - model: authentik_providers_oauth2.oauth2provider
    identifiers: { name: todo-api-provider }
    attrs:
      authorization_flow: !Find [authentik_flows.flow, [slug, default-provider-authorization-explicit-consent]]
`;

const ROOT = join(import.meta.dirname, '..', '..');
export const PASSWORD_OF_ANN = 'demo-ann-not-secret';
export const PASSWORD_OF_BEN = 'demo-ben-not-secret';

export type TodoPlace = {
  ostiary: TestOstiary;
  /** Where the page is. */
  url: string;
  apiUrl: string;
  issuer: string;
  close(): Promise<void>;
};

export type TodoOptions = {
  engine?: DatabaseEngine;
  /** Whether the page asks for a refresh token. */
  offlineAccess?: boolean;
  /** Applied after the blueprint of the example: the entries of another one. */
  more?: string;
};

/** Starts Ostiary, applies the blueprint of the example, builds the page, and starts the API and the page. */
export async function startTodos(options: TodoOptions = {}): Promise<TodoPlace> {
  const engine = options.engine ?? (databases()[0] as DatabaseEngine);
  const closing: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const each of closing.toReversed()) await each();
  };
  try {
    const built = mkdtempSync(join(tmpdir(), 'ostiary-todo-'));
    closing.push(() => rmSync(built, { recursive: true, force: true }));
    const [ostiary, database] = await Promise.all([startOstiary({ engine }), engine.make(), build(built)]);
    closing.push(database.drop, ostiary.stop);
    const issuer = `${ostiary.url}/application/o/todo-app/`;
    const { api, web } = await startBoth(issuer, database.url.replace(/^sqlite:\/\//, ''), built, options);
    closing.push(api.close, web.close);
    await apply(ostiary, readFileSync(join(ROOT, 'examples', 'todo', 'blueprint.yaml'), 'utf8'), web.url);
    if (options.more) await apply(ostiary, `version: 1\nentries:\n${options.more}`, web.url);
    return { ostiary, url: web.url, apiUrl: api.url, issuer, close };
  } catch (fault) {
    await close();
    throw fault;
  }
}

async function apply(ostiary: TestOstiary, text: string, url: string): Promise<void> {
  await ostiary.blueprints.apply({ name: 'todos.yaml', text, trusted: false, context: { todo_url: url } });
}

type Both = { api: RunningTodoApi; web: RunningTodoWeb };

/** The API must know the page's port before the page is there, so a port is looked for, and another one if it is gone. */
async function startBoth(issuer: string, databaseUrl: string, built: string, options: TodoOptions): Promise<Both> {
  const host = '127.0.0.1';
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const api = await startTodoApi({
      issuer,
      audience: 'todo-app',
      jwksUri: `${issuer}jwks/`,
      jwksCooldownMilliseconds: 30_000,
      databaseUrl,
      allowedOrigins: [`http://localhost:${port}`],
      host,
      port: 0,
      log: false,
    });
    try {
      const offered = { issuer, clientId: 'todo-app', apiUrl: api.url, offlineAccess: options.offlineAccess ?? false };
      return { api, web: await startTodoWeb({ ...offered, providerOrigins: [], host, port }, built) };
    } catch (fault) {
      await api.close();
      if (attempt === 5 || (fault as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw fault;
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Into a folder of its own: other tests may be serving or building the page at the same time. */
async function build(folder: string): Promise<void> {
  const vite = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');
  const words = [vite, 'build', '--logLevel', 'warn', '--outDir', folder, '--emptyOutDir'];
  const child = spawn(process.execPath, words, { cwd: join(ROOT, 'examples', 'todo', 'web'), stdio: 'inherit' });
  const code = await new Promise<number | null>((done, fail) => child.once('error', fail).once('exit', done));
  if (code !== 0) throw new Error('the todo page could not be built');
}

/** The buttons and fields that a person sees at Ostiary. */
export const at = {
  name: (page: Page): Locator => page.getByLabel('Email or username'),
  password: (page: Page): Locator => page.getByLabel('Password', { exact: true }),
  onwards: (page: Page): Locator => page.getByRole('button', { name: /^(Log in|Continue)$/ }),
  heading: (page: Page, name: string): Locator => page.getByRole('heading', { level: 1, name, exact: true }),
};

/** Types name and password into the two pages of the shipped sign-in. */
export async function typeIn(page: Page, username: string, password: string): Promise<void> {
  await at.name(page).fill(username);
  await at.onwards(page).click();
  await at.password(page).fill(password);
  await at.onwards(page).click();
}

/** Opens the todo page and signs in there. */
export async function signIn(page: Page, place: TodoPlace, username = 'ann'): Promise<void> {
  await page.goto(place.url);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await typeIn(page, username, username === 'ben' ? PASSWORD_OF_BEN : PASSWORD_OF_ANN);
  await at.heading(page, 'Your todos').waitFor();
  await page.getByRole('form', { name: 'New todo' }).waitFor();
}

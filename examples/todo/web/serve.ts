// The todo page's own little server: it gives out the built files and the settings of the place where it runs, so that
// one build serves any provider. It knows nothing about people or todos.
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { readBuiltFiles } from './built-files.ts';
import type { BuiltFile } from './built-files.ts';
import { browserSettings, ConfigError, readTodoWebConfig } from './config.ts';
import type { TodoWebConfig } from './config.ts';

/** A running todo page. `close` finishes what is in flight. */
export type RunningTodoWeb = { readonly url: string; close(): Promise<void> };

/** Where `npm run build` puts the page. */
const BUILT = join(import.meta.dirname, 'dist');

/** Starts the server. Fails when the port is taken or the page was not built. */
export async function startTodoWeb(config: TodoWebConfig, folder: string = BUILT): Promise<RunningTodoWeb> {
  if (!existsSync(join(folder, 'index.html'))) {
    throw new ConfigError(['The page is not built: run "npm run build -w examples/todo/web" first.']);
  }
  const files = new Map(readBuiltFiles(folder));
  files.set('/config.json', {
    content: Buffer.from(JSON.stringify(browserSettings(config))),
    contentType: 'application/json',
    cacheControl: 'no-store',
  });
  const headers = securityHeaders(config);
  const server = createServer((request, response) => answer(request, response, files, headers));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.port, config.host, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : config.port;
  return {
    url: `http://localhost:${port}`,
    close: () => new Promise((resolve, reject) => server.close((fault) => (fault ? reject(fault) : resolve()))),
  };
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  files: ReadonlyMap<string, BuiltFile>,
  headers: Readonly<Record<string, string>>,
): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
    return;
  }
  const path = (request.url ?? '/').replace(/[?#].*$/s, '');
  const file = files.get(path) ?? (isScreen(path) ? files.get('/index.html') : undefined);
  if (!file) {
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
    response.end('There is nothing here.\n');
    return;
  }
  response.writeHead(200, {
    'content-type': file.contentType,
    'content-length': file.content.byteLength,
    'cache-control': file.cacheControl,
  });
  response.end(request.method === 'HEAD' ? undefined : file.content);
}

/** Paths without a dot are screens of the page, which finds its own way; with a dot they would be files. */
function isScreen(path: string): boolean {
  return /^\/[a-z0-9\-/]*$/i.test(path) && !path.startsWith('/assets/');
}

/** The page runs only its own scripts and talks only to the API and to the provider (Content Security Policy Level 3). */
function securityHeaders(config: TodoWebConfig): Record<string, string> {
  const provider = [new URL(config.issuer).origin, ...config.providerOrigins].join(' ');
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self' ${new URL(config.apiUrl).origin} ${provider}`,
    // Silent renewal asks the provider in a hidden frame, which comes back to a page of ours.
    `frame-src 'self' ${provider}`,
    "frame-ancestors 'self'",
    "base-uri 'none'",
    "form-action 'none'",
  ];
  return {
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    // The callback's address holds a code.
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
  };
}

if (import.meta.main) {
  try {
    const web = await startTodoWeb(readTodoWebConfig(process.env));
    console.log(`The todo page is at ${web.url}`);
    process.once('SIGTERM', () => void web.close());
    process.once('SIGINT', () => void web.close());
  } catch (cause) {
    console.error(cause instanceof ConfigError ? cause.message : cause);
    process.exitCode = cause instanceof ConfigError ? 2 : 1;
  }
}

/**
 * `npm run demo`: Ostiary, the todo API and the todo page on this machine, ready to sign in. Everything it keeps is in
 * data/demo; delete that folder to begin again.
 */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startTodoApi } from '../examples/todo/api/src/server.ts';
import { startTodoWeb } from '../examples/todo/web/serve.ts';
import { administratorPassword } from './demo/administrator.ts';
import { buildAll } from './demo/build.ts';
import { choosePorts, type Ports } from './demo/ports.ts';
import { startServer } from './demo/server.ts';

const ROOT = join(import.meta.dirname, '..');
const START = join(ROOT, 'tools', 'start.mjs');
const CLIENT_ID = 'todo-app';
/** Nobody but this machine can reach them. */
const PEOPLE = [
  { name: 'ann', password: 'demo-ann-not-secret' },
  { name: 'ben', password: 'demo-ben-not-secret' },
];

const HELP = `npm run demo [-- OPTION…]

  --port N, --api-port N, --web-port N   Where Ostiary, the API and the page listen: 9000, 8000, 3000.
  --ports auto                           Any free ports.
  --data FOLDER                          Where everything is kept: data/demo.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '9000' },
      'api-port': { type: 'string', default: '8000' },
      'web-port': { type: 'string', default: '3000' },
      ports: { type: 'string' },
      data: { type: 'string', default: join(ROOT, 'data', 'demo') },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const isAuto = values.ports === 'auto';
  const wanted = { ostiary: values.port, api: values['api-port'], web: values['web-port'] };
  const ports = await choosePorts(isAuto ? { ostiary: '0', api: '0', web: '0' } : wanted);
  const folder = resolve(values.data);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await buildAll(ROOT);
  return run(folder, ports);
}

/** Starts everything, waits until somebody stops it, and stops everything. */
async function run(folder: string, ports: Ports): Promise<number> {
  const stopped = new Promise<number>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => done(0));
  });
  const password = administratorPassword(folder);
  const environment = settings(folder, ports, password);
  const closing: (() => Promise<unknown>)[] = [];
  try {
    const url = `http://localhost:${ports.ostiary}`;
    const server = await startServer(START, environment, url);
    closing.push(server.stop);
    const webUrl = `http://localhost:${ports.web}`;
    await apply(environment, webUrl);
    const issuer = `${url}/application/o/todo-app/`;
    const host = '127.0.0.1';
    const api = await startTodoApi({
      issuer,
      audience: CLIENT_ID,
      jwksUri: `${issuer}jwks/`,
      jwksCooldownMilliseconds: 30_000,
      databaseUrl: join(folder, 'todo.sqlite'),
      allowedOrigins: [webUrl],
      host,
      port: ports.api,
      log: true,
    });
    closing.push(api.close);
    const offered = { issuer, clientId: CLIENT_ID, apiUrl: api.url, offlineAccess: false, providerOrigins: [] };
    const web = await startTodoWeb({ ...offered, host, port: ports.web });
    closing.push(web.close);
    tell({ web: web.url, api: api.url, ostiary: url, password, folder });
    const code = await Promise.race([stopped, server.ended]);
    if (code !== 0) process.stderr.write('Ostiary has ended by itself.\n');
    return code;
  } finally {
    for (const close of closing.toReversed()) await close();
  }
}

/** The environment of Ostiary, without settings of another one on this machine. */
function settings(folder: string, ports: Ports, password: string): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !/^(OSTIARY|AUTHENTIK)_/.test(name));
  return {
    ...Object.fromEntries(others),
    OSTIARY_DATA_DIR: folder,
    OSTIARY_LISTEN__HTTP: `127.0.0.1:${ports.ostiary}`,
    OSTIARY_LISTEN__METRICS: 'off',
    OSTIARY_LOG_LEVEL: 'warn',
    OSTIARY_BOOTSTRAP_PASSWORD: password,
    OSTIARY_BOOTSTRAP_EMAIL: 'admin@example.org',
  };
}

async function apply(env: NodeJS.ProcessEnv, webUrl: string): Promise<void> {
  const values = [`todo_url=${webUrl}`, ...PEOPLE.map(({ name, password }) => `${name}_password=${password}`)];
  const options = values.flatMap((value) => ['--context', value]);
  const blueprint = join(ROOT, 'examples', 'todo', 'blueprint.yaml');
  const child = spawn(process.execPath, [START, 'apply', blueprint, ...options], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const code = await new Promise<number | null>((done, fail) => child.once('error', fail).once('exit', done));
  if (code !== 0) throw new Error('The blueprint of the todo application could not be applied.');
}

type Told = { web: string; api: string; ostiary: string; password: string; folder: string };

function tell({ web, api, ostiary, password, folder }: Told): void {
  const [first, ...others] = PEOPLE;
  const way = relative(process.cwd(), folder);
  const lines = [
    '',
    `  Todo page      ${web}`,
    `    sign in as   ${first?.name}   password ${first?.password}`,
    ...others.map((person) => `    or as        ${person.name}   password ${person.password}`),
    '',
    `  Ostiary        ${ostiary}`,
    `    as           akadmin   password ${password}`,
    '',
    `  Todo API       ${api}/todos/`,
    `  Data           ${way.startsWith('..') ? folder : way}`,
    '',
    'Everything runs. Ctrl-C stops it.',
    '',
  ];
  process.stdout.write(lines.join('\n'));
}

try {
  process.exitCode = await main();
} catch (fault) {
  process.stderr.write(`${fault instanceof Error ? fault.message : String(fault)}\n`);
  process.exitCode = 1;
}

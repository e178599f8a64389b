/** The administration API for tests: a whole Ostiary, callers with tokens, and the generated client. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Configuration } from '@goauthentik/api';
import { pino } from 'pino';
import { makeOstiary, type Ostiary } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { groupModel } from '../../src/core/models/people.ts';
import { insertObject } from '../../src/core/objects.ts';
import { createToken } from '../../src/core/tokens.ts';
import { createUser } from '../../src/core/users.ts';
import type { DatabaseEngine } from '../environment/databases.ts';

export const ADMIN_TOKEN = 'a-token-for-the-tests-of-the-administration';

export type Answer<T = Record<string, unknown>> = { status: number; body: T; headers: Headers };

/** Somebody who calls the API with a token of their own. */
export type Client = {
  pk: number;
  token: string;
  get<T = Record<string, unknown>>(path: string): Promise<Answer<T>>;
  post<T = Record<string, unknown>>(path: string, body?: unknown): Promise<Answer<T>>;
  put<T = Record<string, unknown>>(path: string, body: unknown): Promise<Answer<T>>;
  patch<T = Record<string, unknown>>(path: string, body: unknown): Promise<Answer<T>>;
  delete(path: string): Promise<Answer>;
  /** For the classes of the generated client. */
  configuration: Configuration;
};

export type Api = {
  app: Ostiary;
  url: string;
  /** The administrator. */
  admin: Client;
  /** Somebody new with a token, in these groups and roles. */
  somebody(username: string, more?: { groups?: string[]; roles?: string[] }): Promise<Client>;
  /** A role with these permissions; returns its identifier. */
  role(name: string, ...permissions: string[]): Promise<string>;
  superusers: string;
  /** One call as it is, without credentials. */
  call<T = Record<string, unknown>>(
    method: string,
    path: string,
    init?: { body?: unknown; headers?: Record<string, string> },
  ): Promise<Answer<T>>;
  stop(): Promise<void>;
};

export async function startApi(
  engine: DatabaseEngine,
  observe?: (request: { method: string; path: string }, answer: Answer) => void,
): Promise<Api> {
  const database = await engine.make();
  const folder = await mkdtemp(join(tmpdir(), 'ostiary-admin-'));
  const { config } = loadConfig({
    OSTIARY_DATA_DIR: folder,
    OSTIARY_SECRET_KEY: 'a secret key for tests of at least 32 characters',
    OSTIARY_BOOTSTRAP_PASSWORD: 'password of akadmin',
    OSTIARY_BOOTSTRAP_TOKEN: ADMIN_TOKEN,
  });
  const chosen: typeof config.database =
    engine.name === 'sqlite'
      ? { kind: 'sqlite', file: database.url.replace(/^sqlite:\/\//, '') }
      : { kind: 'postgresql', url: database.url };
  const app = await makeOstiary({ ...config, database: chosen }, { log: pino({ level: 'silent' }) });
  const url = (await app.server.listen({ port: 0, host: '127.0.0.1' })).replace('127.0.0.1', 'localhost');
  const { core } = app;

  const call: Api['call'] = async <T>(
    method: string,
    path: string,
    { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer<T>> => {
    const response = await fetch(path.startsWith('http') ? path : `${url}/api/v3/${path}`, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = /json/.test(response.headers.get('content-type') ?? '');
    const read = (json ? JSON.parse(text) : text) as T;
    const answer = { status: response.status, body: read, headers: response.headers };
    observe?.({ method, path: new URL(response.url).pathname }, answer as Answer);
    return answer;
  };
  const clientOf = (pk: number, token: string): Client => {
    const headers = { authorization: `Bearer ${token}` };
    return {
      pk,
      token,
      get: (path) => call('GET', path, { headers }),
      post: (path, body) => call('POST', path, { headers, body }),
      put: (path, body) => call('PUT', path, { headers, body }),
      patch: (path, body) => call('PATCH', path, { headers, body }),
      delete: (path) => call('DELETE', path, { headers }),
      configuration: new Configuration({ basePath: `${url}/api/v3`, accessToken: token }),
    };
  };
  const me = await call<{ user: { pk: number } }>('GET', 'core/users/me/', {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  const superusers = await core.database.read
    .selectFrom('groups')
    .select('id')
    .where('is_superuser', '=', 1)
    .executeTakeFirst();
  return {
    app,
    url,
    admin: clientOf(me.body.user.pk, ADMIN_TOKEN),
    superusers:
      superusers?.id ??
      (
        await core.database.write((each) =>
          insertObject(core, each, groupModel, { name: 'Admins', is_superuser: true }),
        )
      ).id,
    async somebody(username, more = {}) {
      return core.database.write(async (transaction) => {
        const user = await createUser(core, transaction, { username, ...more });
        const pk = user.pk as number;
        const { key } = await createToken(core, transaction, { identifier: `of-${username}`, user: pk, intent: 'api' });
        return clientOf(pk, key);
      });
    },
    async role(name, ...permissions) {
      const admin = clientOf(me.body.user.pk, ADMIN_TOKEN);
      const role = await admin.post<{ pk: string }>('rbac/roles/', { name });
      await admin.post(`rbac/permissions/assigned_by_roles/${role.body.pk}/assign/`, { permissions });
      return role.body.pk;
    },
    call,
    async stop() {
      await app.close();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * A whole Ostiary for tests: the real program on a real database, listening on a free port. Owns nothing but the
 * short words in which tests speak of people and applications.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { makeOstiary, type Ostiary } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import type { Declaration, Fields, ValuesOf } from '../../src/core/declaration.ts';
import { applicationModel, policyBindingModel } from '../../src/core/models/access.ts';
import { groupModel } from '../../src/core/models/people.ts';
import { insertObject, type StoredObject } from '../../src/core/objects.ts';
import { createUser, setPasswordHash, type User, userByPk } from '../../src/core/users.ts';
import { protocols } from '../../src/registry.ts';
import { type DatabaseEngine, databases } from './databases.ts';
import { Visitor } from './visitor.ts';

export type TestOstiary = Ostiary & {
  url: string;
  /** Everything that was logged, as JSON lines. */
  logged: () => string;
  /** A browser without scripts. */
  visitor(headers?: Record<string, string>): Visitor;
  /** Somebody with this name and the password `password of <name>`. */
  person(
    username: string,
    more?: { password?: string; isActive?: boolean; groups?: string[]; type?: 'service_account' },
  ): Promise<User>;
  /** A group; returns its identifier. */
  group(name: string, more?: { superuser?: boolean; parents?: string[] }): Promise<string>;
  /** A browser in which this person has signed in. */
  signedIn(username: string): Promise<Visitor>;
  /** Makes any declared object. */
  make<F extends Fields>(declaration: Declaration<F>, values: Partial<ValuesOf<F>>): Promise<StoredObject<F>>;
  /** An application with an OAuth2 provider, with the shipped flows and scopes. */
  oauth2(slug: string, settings?: Record<string, unknown>): Promise<OAuth2Client>;
  /** Lets only a group into an application. */
  bind(targetId: string, binding: PolicyBinding): Promise<string>;
  stop(): Promise<void>;
};

export type OAuth2Client = {
  slug: string;
  clientId: string;
  clientSecret: string;
  redirectUri: string;
  providerPk: number;
  providerId: string;
  applicationId: string;
  issuer: string;
};

/** What is bound, and how; everything else is as the product has it by default. */
export type PolicyBinding = Partial<Omit<ValuesOf<typeof policyBindingModel.fields>, 'target'>>;

export type StartOptions = {
  engine?: DatabaseEngine;
  now?: () => number;
  environment?: Record<string, string>;
};

/** Starts one on an empty database, with what the first start makes. */
export async function startOstiary(options: StartOptions = {}): Promise<TestOstiary> {
  const engine = options.engine ?? (databases()[0] as DatabaseEngine);
  const database = await engine.make();
  const folder = await mkdtemp(join(tmpdir(), 'ostiary-data-'));
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const { config: loaded } = loadConfig({
    OSTIARY_DATA_DIR: folder,
    OSTIARY_SECRET_KEY: 'a secret key for tests of at least 32 characters',
    OSTIARY_BOOTSTRAP_PASSWORD: 'password of akadmin',
    OSTIARY_BOOTSTRAP_EMAIL: 'admin@example.org',
    OSTIARY_BOOTSTRAP_TOKEN: 'a-token-for-the-tests-of-the-administration',
    ...options.environment,
  });
  const chosen: typeof loaded.database =
    engine.name === 'sqlite'
      ? { kind: 'sqlite', file: database.url.replace(/^sqlite:\/\//, '') }
      : { kind: 'postgresql', url: database.url };
  const config = { ...loaded, database: chosen };
  const app = await makeOstiary(config, { log, ...(options.now && { now: options.now }) });
  const url = (await app.server.listen({ port: 0, host: '127.0.0.1' })).replace('127.0.0.1', 'localhost');
  const { core } = app;

  const make: TestOstiary['make'] = async (declaration, values) => {
    const made = await core.database.write((transaction) => insertObject(core, transaction, declaration, values));
    core.configuration.clear();
    return made;
  };
  const flowId = async (slug: string): Promise<string> => {
    const row = await core.database.read
      .selectFrom('flows')
      .select('id')
      .where('slug', '=', slug)
      .executeTakeFirstOrThrow();
    return row.id;
  };
  const tested: TestOstiary = {
    ...app,
    url,
    logged: () => lines.join(''),
    visitor: (headers) => new Visitor(url, headers),
    make,
    async person(username, more = {}) {
      const hash = await core.passwords.hash(more.password ?? `password of ${username}`);
      const made = await core.database.write(async (transaction) => {
        const user = await createUser(core, transaction, {
          username,
          name: `${username[0]?.toUpperCase()}${username.slice(1)} Example`,
          email: `${username}@example.org`,
          is_active: more.isActive ?? true,
          groups: more.groups ?? [],
          ...(more.type && { type: more.type }),
        });
        await setPasswordHash(transaction, core.now(), user.pk as number, hash);
        return user;
      });
      return (await userByPk(core.database.read, made.pk as number)) as User;
    },
    async group(name, more = {}) {
      const made = await make(groupModel, { name, is_superuser: more.superuser ?? false, parents: more.parents ?? [] });
      return made.id;
    },
    async signedIn(username) {
      const browser = new Visitor(url);
      await browser.open('/if/flow/default-authentication-flow/?next=/-/health/live/');
      await browser.submit({ uid_field: username });
      const answer = await browser.submit({ password: `password of ${username}` });
      if (!answer.url.endsWith('/-/health/live/')) throw new Error(`${username} was not signed in: ${browser.words()}`);
      return browser;
    },
    async oauth2(slug, settings = {}) {
      const protocol = protocols.find((each) => each.kind === 'oauth2');
      if (!protocol) throw new Error('OAuth2 is not registered');
      const scopes = await core.database.read
        .selectFrom('property_mappings')
        .select('id')
        .where('kind', '=', 'scope')
        .execute();
      const key = await core.database.read.selectFrom('certificates').select('id').executeTakeFirst();
      const redirectUri = `http://localhost:3000/callback`;
      const clientId = `client-${slug}`;
      const clientSecret = `secret of ${slug} with forty characters or more`;
      const provider = await make(protocol.declaration, {
        name: `${slug} provider`,
        client_id: clientId,
        client_secret: clientSecret,
        authorization_flow: await flowId('default-provider-authorization-implicit-consent'),
        invalidation_flow: await flowId('default-provider-invalidation-flow'),
        redirect_uris: [{ matching_mode: 'strict', url: redirectUri, redirect_uri_type: 'authorization' }],
        signing_key: key?.id ?? null,
        property_mappings: scopes.map((each) => each.id),
        ...settings,
      } as never);
      const application = await make(applicationModel, { name: slug, slug, provider: provider.pk as number });
      return {
        slug,
        clientId,
        clientSecret,
        redirectUri,
        providerPk: provider.pk as number,
        providerId: provider.id,
        applicationId: application.id,
        issuer: `${url}/application/o/${slug}/`,
      };
    },
    async bind(targetId, binding) {
      const unset = { group: null, user: null, policy: null, negate: false, order: 0 };
      return (await make(policyBindingModel, { ...unset, ...binding, target: targetId })).id;
    },
    async stop() {
      await app.close();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return tested;
}

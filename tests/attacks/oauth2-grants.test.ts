/**
 * What was once got wrong in one grant is tried in all of them. Every way to a token is in the list below; each
 * attack runs over the whole list, so that a new grant is attacked from its first day.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createToken } from '../../src/core/tokens.ts';
import type { User } from '../../src/core/users.ts';
import { DEVICE_CODE_GRANT } from '../../src/protocols/oauth2/oauth2.settings.ts';
import {
  claimsOfToken,
  codeFor,
  isAlive,
  type Parameters,
  post,
  type Reply,
  tokens,
  userinfo,
} from '../environment/relying-party.ts';
import { databases } from '../environment/databases.ts';
import { type OAuth2Client, startOstiary, type TestOstiary } from '../environment/ostiary.ts';

const SCOPE = 'openid profile offline_access admin everything';
const ALL_GRANTS = ['authorization_code', 'refresh_token', 'client_credentials', DEVICE_CODE_GRANT];
const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** A way to a token: what is needed for it is got first, then it is redeemed, as often as an attacker likes. */
type Way = {
  name: string;
  grantType: string;
  /** Whether what is redeemed may be redeemed once only. */
  single: boolean;
  prepare(stage: Stage): Promise<Parameters>;
};

type Stage = { ostiary: TestOstiary; client: OAuth2Client; person: User; source: OAuth2Client };

const letDeviceIn = async ({ ostiary, client, person }: Stage): Promise<string> => {
  const { client_id, client_secret } = credentials(client);
  const { json } = await post(ostiary, 'device', { client_id, client_secret, scope: SCOPE });
  const visitor = await ostiary.signedIn(person.username);
  await visitor.open(String(json.verification_uri_complete));
  await visitor.submit({});
  await visitor.submit({});
  return String(json.device_code);
};

const codeOf = async ({ ostiary, client, person }: Stage): Promise<Parameters> => ({
  code: await codeFor(await ostiary.signedIn(person.username), client, { scope: SCOPE }),
  redirect_uri: client.redirectUri,
});

const credentials = (client: OAuth2Client) => ({ client_id: client.clientId, client_secret: client.clientSecret });

const ways: readonly Way[] = [
  { name: 'an authorization code', grantType: 'authorization_code', single: true, prepare: codeOf },
  {
    name: 'a refresh token',
    grantType: 'refresh_token',
    single: true,
    async prepare(stage) {
      const form = { grant_type: 'authorization_code', ...(await codeOf(stage)) };
      const { json } = await tokens(stage.ostiary, stage.client, form);
      return { refresh_token: String(json.refresh_token) };
    },
  },
  {
    name: 'a device code',
    grantType: DEVICE_CODE_GRANT,
    single: true,
    prepare: async (stage) => ({ device_code: await letDeviceIn(stage) }),
  },
  {
    name: 'an app password',
    grantType: 'client_credentials',
    single: false,
    async prepare({ ostiary, person }) {
      const identifier = `password-${Math.random().toString(36).slice(2)}`;
      const { core } = ostiary;
      const values = { identifier, intent: 'app_password' as const, user: person.pk };
      await core.database.write((transaction) => createToken(core, transaction, values, identifier));
      return { username: person.username, password: identifier, scope: SCOPE };
    },
  },
  {
    name: 'a token of a trusted provider',
    grantType: 'client_credentials',
    single: false,
    async prepare({ ostiary, person, source }) {
      const code = await codeFor(await ostiary.signedIn(person.username), source, { scope: 'openid' });
      const form = { grant_type: 'authorization_code', code, redirect_uri: source.redirectUri };
      const { json } = await tokens(ostiary, source, form);
      const client_assertion = String(json.access_token);
      return { client_assertion_type: ASSERTION, client_assertion, client_secret: undefined, scope: SCOPE };
    },
  },
];

for (const engine of databases()) {
  describe(`every way to a token, on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    let source: OAuth2Client;
    let other: OAuth2Client;
    let serial = 0;
    before(async () => {
      ostiary = await startOstiary({ engine });
      source = await ostiary.oauth2('source', { access_token_validity: 'days=30' });
      other = await ostiary.oauth2('other', { grant_types: ALL_GRANTS });
    });
    after(() => ostiary.stop());

    /** A fresh person and a fresh application for each attack. */
    const stage = async (settings: Record<string, unknown> = {}): Promise<Stage> => {
      serial += 1;
      const trusted = { jwt_federation_providers: [source.providerPk], access_code_validity: 'hours=1' };
      const client = await ostiary.oauth2(`app${serial}`, { grant_types: ALL_GRANTS, ...trusted, ...settings });
      return { ostiary, client, person: await ostiary.person(`person${serial}`), source };
    };
    const take = (way: Way, client: OAuth2Client, form: Parameters): Promise<Reply> =>
      tokens(ostiary, client, { grant_type: way.grantType, ...form });
    const setActive = (person: User, active: 0 | 1) =>
      ostiary.core.database.write((transaction) =>
        transaction.updateTable('users').set({ is_active: active }).where('pk', '=', person.pk).execute(),
      );
    const assertRefused = (reply: Reply, what: string): void => {
      assert.ok(reply.status >= 400 && reply.status < 500, `${what}: ${reply.status}`);
      assert.equal(reply.json.access_token, undefined, what);
      assert.match(String(reply.json.error), /^(invalid_grant|invalid_client)$/, what);
    };

    for (const way of ways) {
      test(`${way.name} gives tokens, and no scope that is not configured`, async () => {
        const scene = await stage();
        const reply = await take(way, scene.client, await way.prepare(scene));
        assert.equal(reply.status, 200, JSON.stringify(reply.json));
        const scopes = String(reply.json.scope).split(' ');
        assert.ok(!scopes.includes('admin') && !scopes.includes('everything'), String(reply.json.scope));
        assert.equal(claimsOfToken(reply.json.access_token).scope, reply.json.scope);
        assert.equal(claimsOfToken(reply.json.id_token).preferred_username, scene.person.username);
      });

      test(`${way.name} gives nothing to a disabled person, and what they hold is dead`, async () => {
        const scene = await stage();
        const held = await take(way, scene.client, await way.prepare(scene));
        const form = await way.prepare(scene);
        await setActive(scene.person, 0);
        assertRefused(await take(way, scene.client, form), way.name);
        assert.equal((await userinfo(ostiary, held.json.access_token)).status, 401);
        assert.equal(await isAlive(ostiary, scene.client, held.json.access_token), false);
        await setActive(scene.person, 1);
      });

      test(`${way.name} gives nothing once the application is closed, and what was given is dead`, async () => {
        const scene = await stage();
        const held = await take(way, scene.client, await way.prepare(scene));
        const form = await way.prepare(scene);
        const id = await ostiary.bind(scene.client.applicationId, { user: scene.person.pk, negate: true });
        assertRefused(await take(way, scene.client, form), way.name);
        assert.equal((await userinfo(ostiary, held.json.access_token)).status, 401);
        assert.equal(await isAlive(ostiary, scene.client, held.json.access_token), false);
        await ostiary.core.database.write((each) => each.deleteFrom('policy_bindings').where('id', '=', id).execute());
        ostiary.core.configuration.clear();
        assert.equal((await userinfo(ostiary, held.json.access_token)).status, 200);
      });

      test(`${way.name} gives nothing to another client, and is not used up by the try`, async () => {
        const scene = await stage();
        const form = await way.prepare(scene);
        if (way.single) {
          assertRefused(await take(way, other, form), way.name);
          assert.equal((await take(way, scene.client, form)).status, 200);
        } else if (form.client_assertion !== undefined) {
          assertRefused(await take(way, other, form), way.name);
        }
      });

      test(`${way.name} gives nothing where the grant is not allowed`, async () => {
        const scene = await stage();
        const form = await way.prepare(scene);
        const others = ALL_GRANTS.filter((each) => each !== way.grantType);
        await changeGrantTypes(ostiary, scene.client, others);
        assertRefused(await take(way, scene.client, form), way.name);
      });

      test(`${way.name} is refused with a wrong secret`, async () => {
        const scene = await stage();
        const form = await way.prepare(scene);
        assertRefused(await take(way, scene.client, { ...form, client_secret: 'wrong' }), way.name);
        if (way.single) assertRefused(await take(way, scene.client, { ...form, client_secret: undefined }), way.name);
      });

      if (!way.single) continue;

      test(`${way.name}, redeemed by many at once, is taken once, and the others end what it gave`, async () => {
        const scene = await stage();
        const form = await way.prepare(scene);
        const replies = await Promise.all(Array.from({ length: 12 }, () => take(way, scene.client, form)));
        const given = replies.filter((each) => each.status === 200);
        assert.equal(given.length, 1, JSON.stringify(replies.map((each) => each.json.error ?? 'given')));
        assert.equal(await isAlive(ostiary, scene.client, given[0]?.json.access_token), false);
        assert.equal(await isAlive(ostiary, scene.client, given[0]?.json.refresh_token), false);
        assertRefused(
          await take(ways[1] as Way, scene.client, { refresh_token: String(given[0]?.json.refresh_token) }),
          way.name,
        );
        const events = await ostiary.core.database.read
          .selectFrom('events')
          .select('context')
          .where('action', '=', 'suspicious_request')
          .execute();
        assert.equal(events.filter((each) => each.context.includes(scene.client.clientId)).length, 1);
      });
    }

    test('a code from before a sign-out is worth nothing after it', async () => {
      const scene = await stage();
      const visitor = await ostiary.signedIn(scene.person.username);
      const code = await codeFor(visitor, scene.client);
      await visitor.open(`/application/o/${scene.client.slug}/end-session/`);
      await visitor.submit({});
      const form = { code, redirect_uri: scene.client.redirectUri };
      assertRefused(await take(ways[0] as Way, scene.client, form), 'code');
    });

    test('a refresh races with the end of its family and leaves nothing alive', async () => {
      const scene = await stage();
      const first = await (ways[1] as Way).prepare(scene);
      const second = await take(ways[1] as Way, scene.client, first);
      const current = { refresh_token: String(second.json.refresh_token) };
      const replies = await Promise.all([
        take(ways[1] as Way, scene.client, current),
        take(ways[1] as Way, scene.client, first),
        take(ways[1] as Way, scene.client, first),
      ]);
      for (const { json } of [second, ...replies]) {
        if (json.refresh_token !== undefined)
          assert.equal(await isAlive(ostiary, scene.client, json.refresh_token), false);
        if (json.access_token !== undefined)
          assert.equal(await isAlive(ostiary, scene.client, json.access_token), false);
      }
    });

    test('a token tells nothing to a client that it was not given to', async () => {
      const scene = await stage();
      const { json } = await take(ways[0] as Way, scene.client, await codeOf(scene));
      assert.equal(await isAlive(ostiary, other, json.access_token), false);
      assert.equal(await isAlive(ostiary, other, json.refresh_token), false);
      await post(ostiary, 'revoke', { ...credentials(other), token: String(json.refresh_token) });
      await post(ostiary, 'revoke', { ...credentials(other), token: String(json.access_token) });
      assert.equal(await isAlive(ostiary, scene.client, json.access_token), true);
      assert.equal(await isAlive(ostiary, scene.client, json.refresh_token), true);
    });
  });
}

async function changeGrantTypes({ core }: TestOstiary, client: OAuth2Client, grantTypes: string[]): Promise<void> {
  await core.database.write(async (transaction) => {
    const { settings } = await transaction
      .selectFrom('providers')
      .select('settings')
      .where('pk', '=', client.providerPk)
      .executeTakeFirstOrThrow();
    const changed = JSON.stringify({ ...(JSON.parse(settings) as object), grant_types: grantTypes });
    await transaction.updateTable('providers').set({ settings: changed }).where('pk', '=', client.providerPk).execute();
  });
  core.configuration.clear();
}

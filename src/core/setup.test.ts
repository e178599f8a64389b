import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { openTestCore, type TestCore } from '../../tests/environment/core.ts';
import { databases } from '../../tests/environment/databases.ts';
import type { Queries } from '../db/database.ts';
import { bootstrap, SELF_SIGNED_CERTIFICATE } from './bootstrap.ts';
import type { Core } from './core.ts';
import { Fault } from './fault.ts';
import { certificateModel } from './models/certificate.ts';
import { userModel } from './models/people.ts';
import { findObject } from './objects.ts';
import { readSecret } from './secrets.ts';
import { completeSetup, isNear, maySetUp, newSetupToken, setupState, storedBaseUrl } from './setup.ts';
import { tokenByKey } from './tokens.ts';
import { createUser, membershipsOf, passwordHashOf, setPasswordHash } from './users.ts';

const minutes = (count: number): number => count * 60_000;
const answer = { email: 'admin@example.org', passwordHash: '$argon2id$of-a-test', baseUrl: 'https://id.example.org' };
const nothingMore = (core: Core) => ({
  applyDefaults: (first: (transaction: Queries) => Promise<boolean>) => core.database.write(first),
});

test('near is what only neighbours have', () => {
  for (const near of [
    '127.0.0.1',
    '::1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    'fd00::1',
    'fe80::1',
    '::ffff:10.0.0.1',
  ]) {
    assert.equal(isNear(near), true, near);
  }
  for (const far of ['8.8.8.8', '172.32.0.1', '2001:db8::1', '::ffff:8.8.8.8', '', 'localhost', '127.0.0.1, 8.8.8.8']) {
    assert.equal(isNear(far), false, far);
  }
});

for (const engine of databases()) {
  describe(`set-up on ${engine.name}`, () => {
    let open: TestCore;
    let core: Core;
    beforeEach(async () => {
      open = await openTestCore(engine);
      core = open.core;
    });
    afterEach(() => open.close());
    const administrator = () => findObject(core.database.read, userModel, { username: 'akadmin' });

    test('neighbours may set up for thirty minutes after the first start, strangers never', async () => {
      await bootstrap(core, nothingMore(core));
      assert.equal(await setupState(core), 'open');
      assert.equal(await maySetUp(core, { clientAddress: '192.168.1.7' }), true);
      assert.equal(await maySetUp(core, { clientAddress: '8.8.8.8' }), false);
      assert.equal(await maySetUp(core, { clientAddress: '192.168.1.7', behindUnknownProxy: true }), false);
      open.wait(minutes(29));
      await bootstrap(core, nothingMore(core));
      assert.equal(await maySetUp(core, { clientAddress: '::1' }), true);
      open.wait(minutes(1));
      assert.equal(await maySetUp(core, { clientAddress: '::1' }), false);
    });

    test('before anything was started nobody may', async () => {
      assert.equal(await maySetUp(core, { clientAddress: '127.0.0.1' }), false);
    });

    test('the link of the last start opens for everybody, those before it no more', async () => {
      await bootstrap(core, nothingMore(core));
      const first = await newSetupToken(core);
      const second = await newSetupToken(core);
      open.wait(minutes(60 * 24));
      assert.equal(await maySetUp(core, { clientAddress: '8.8.8.8', token: first }), false);
      assert.equal(await maySetUp(core, { clientAddress: '8.8.8.8', token: second }), true);
      assert.equal(await maySetUp(core, { clientAddress: '8.8.8.8', token: '' }), false);
      const rows = await core.database.read.selectFrom('system_settings').select('value').execute();
      assert.equal(
        rows.some(({ value }) => value.includes(second as string)),
        false,
      );
    });

    test('makes an administrator, and never opens again', async () => {
      await bootstrap(core, nothingMore(core));
      const token = await newSetupToken(core);
      const { userPk } = await completeSetup(core, answer);
      assert.equal((await administrator())?.pk, userPk);
      assert.equal((await administrator())?.values.email, 'admin@example.org');
      assert.equal((await membershipsOf(core.database.read, userPk))[0]?.isSuperuser, true);
      assert.equal(await storedBaseUrl(core), 'https://id.example.org');
      assert.equal(await setupState(core), 'done');
      assert.equal(await newSetupToken(core), undefined);
      for (const visitor of [{ clientAddress: '127.0.0.1' }, { clientAddress: '127.0.0.1', token }]) {
        assert.equal(await maySetUp(core, visitor), false);
      }
      await assert.rejects(completeSetup(core, { ...answer, username: 'second' }), { code: 'setup_done', status: 403 });
    });

    test('of many visitors at once exactly one makes the administrator', async () => {
      await bootstrap(core, nothingMore(core));
      const nodes = engine.name === 'sqlite' ? [core, core] : [core, await open.another()];
      const ends = await Promise.allSettled(
        Array.from({ length: 8 }, (_, at) =>
          completeSetup(nodes[at % 2] as Core, { ...answer, email: `${at}@example.org`, username: `admin-${at}` }),
        ),
      );
      const refused = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as Fault] : []));
      assert.equal(refused.length, 7);
      for (const fault of refused) assert.equal(fault instanceof Fault && fault.code, 'setup_done');
      const users = await core.database.read.selectFrom('users').select('username').execute();
      assert.equal(users.length, 1);
    });

    test('takes no account away from somebody', async () => {
      await core.database.write(async (transaction) => {
        const user = await createUser(core, transaction, { username: 'AkAdmin' });
        await setPasswordHash(transaction, 0, user.pk as number, 'theirs');
      });
      await assert.rejects(completeSetup(core, answer), { code: 'invalid' });
      assert.equal(await setupState(core), 'open');
      assert.equal(await storedBaseUrl(core), undefined);
    });

    test('the first start makes a certificate that can sign, once', async () => {
      assert.equal(await bootstrap(core, nothingMore(core)), true);
      const made = await findObject(core.database.read, certificateModel, { name: SELF_SIGNED_CERTIFICATE });
      assert.equal(made?.values.key_type, 'rsa');
      assert.ok(made?.values.fingerprint_sha256);
      assert.match((await readSecret(core.sealer, core.database.read, made.id, 'key_data')) ?? '', /PRIVATE KEY/);
      assert.equal(await bootstrap(core, { ...nothingMore(core), password: 'too late' }), false);
      assert.equal(await administrator(), undefined);
    });

    test('the operator can give the administrator', async () => {
      const given = { password: 'correct horse', email: 'ops@example.org', token: 'a token of the operator' };
      await bootstrap(core, { ...nothingMore(core), ...given });
      assert.equal(await setupState(core), 'done');
      const made = await administrator();
      assert.equal(made?.values.email, 'ops@example.org');
      const hash = await passwordHashOf(core.database.read, made.pk as number);
      assert.equal((await core.passwords.verify('correct horse', hash ?? undefined)).valid, true);
      const token = await tokenByKey(core.database.read, core.now(), 'a token of the operator', 'api');
      assert.equal(token?.identifier, 'authentik-bootstrap-token');
      assert.equal(token?.user.pk, made.pk);
    });

    test('a mail address alone makes nobody, and a token that can be guessed is refused', async () => {
      await assert.rejects(bootstrap(core, { ...nothingMore(core), token: 'short' }), RangeError);
      await bootstrap(core, { ...nothingMore(core), email: 'ops@example.org' });
      assert.equal(await setupState(core), 'open');
    });

    test('two processes that start at once do it once', async () => {
      const nodes = engine.name === 'sqlite' ? [core, core] : [core, await open.another()];
      const given = { password: 'correct horse', token: 'a token of the operator' };
      const made = await Promise.all(nodes.map((node) => bootstrap(node, { ...nothingMore(node), ...given })));
      assert.deepEqual(
        made.toSorted((left, right) => Number(left) - Number(right)),
        [false, true],
      );
      const certificates = await core.database.read.selectFrom('certificates').select('id').execute();
      assert.equal(certificates.length, 1);
      const users = await core.database.read.selectFrom('users').select('pk').execute();
      assert.equal(users.length, 1);
    });

    test('a first start that fails leaves nothing behind', async () => {
      const fails = {
        applyDefaults: (first: (transaction: Queries) => Promise<boolean>) =>
          core.database.write(async (transaction) => {
            await first(transaction);
            throw new Error('the power went out');
          }),
      };
      await assert.rejects(bootstrap(core, { ...fails, password: 'correct horse' }), /power/);
      assert.equal(await administrator(), undefined);
      assert.equal(await bootstrap(core, { ...nothingMore(core), password: 'correct horse' }), true);
      assert.equal(await setupState(core), 'done');
    });
  });
}

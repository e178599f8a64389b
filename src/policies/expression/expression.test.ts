import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startOstiary, type TestOstiary } from '../../../tests/environment/ostiary.ts';
import { applicationModel } from '../../core/models/access.ts';
import type { Verdict } from '../policy.ts';
import { expression } from './expression.ts';

let ostiary: TestOstiary;
let made = 0;
before(async () => {
  ostiary = await startOstiary();
});
after(() => ostiary.stop());

/** Judges one source, as an application would that has it bound. */
async function judge(source: string, more: { language?: string } = {}): Promise<Verdict> {
  const { access, core } = ostiary;
  made += 1;
  const group = await ostiary.group(`group ${made}`);
  const user = await ostiary.person(`person-${made}`, { groups: [group] });
  const settings = { name: `policy ${made}`, expression: source, language: more.language ?? 'javascript' };
  const request = access.request(user, {
    clientAddress: '192.0.2.7',
    context: { is_sso: true, oauth_scopes: ['email'] },
  });
  const { expressions } = ostiary;
  return expression.judge({ core, expressions, settings: { ...settings, execution_logging: true }, request });
}

test('what it returns decides, and its words are for the person', async () => {
  assert.deepEqual(await judge('return true'), { passing: true, messages: [] });
  assert.deepEqual(await judge('return 0'), { passing: false, messages: [] });
  assert.deepEqual(await judge('ak_message("Not today."); return false'), { passing: false, messages: ['Not today.'] });
  assert.deepEqual(await judge(''), { passing: false, messages: [] });
});

test("it sees authentik's names", async () => {
  for (const source of [
    'return request.user.username.startsWith("person-") && request.user.is_active',
    'return request.user.groups.length === 1 && request.user.groups[0].name.startsWith("group ")',
    'return ak_is_group_member(request.user, { name: request.user.groups[0].name })',
    'return request.context.oauth_scopes[0] === "email" && context.oauth_scopes.length === 1',
    'return ak_client_ip === "192.0.2.7" && request.client_ip === ak_client_ip',
    'return ak_is_sso_flow',
    'return regex_match(request.user.email, "@example\\\\.org$")',
    'return !("password_hash" in request.user)',
  ]) {
    assert.equal((await judge(source)).passing, true, source);
  }
});

test('nobody is there before somebody has signed in', async () => {
  const { access, core, expressions } = ostiary;
  const request = access.request(undefined, { clientAddress: undefined });
  const settings = { name: 'n', execution_logging: false, language: 'javascript' };
  const source = 'return request.user === null && ak_client_ip === null && !ak_is_sso_flow';
  const verdict = await expression.judge({ core, expressions, request, settings: { ...settings, expression: source } });
  assert.equal(verdict.passing, true);
});

test('what cannot be evaluated throws and says why', async () => {
  await assert.rejects(judge('return request.nobody.name'), /policy policy \d+: .*line 1/s);
  await assert.rejects(judge('return True', { language: 'python' }), /written in Python/);
  await assert.rejects(judge('for (;;) {}'), /policy \d+/);
});

test('through the gate a failure is a denial with an event, unless the binding says otherwise', async () => {
  const { access, core } = ostiary;
  const lee = await ostiary.person('lee');
  const stored = await ostiary.make(expression.declaration, { name: 'python', expression: 'return True' } as never);
  const app = await ostiary.make(applicationModel, { name: 'app', slug: 'app' });
  await ostiary.bind(app.id, { policy: stored.id });
  const request = access.request(lee, { clientAddress: '192.0.2.7' });
  assert.deepEqual(await access.judge(app.id, 'all', request), { passing: false, messages: [], failed: true });
  const row = await core.database.read
    .selectFrom('events')
    .select('context')
    .where('action', '=', 'policy_exception')
    .executeTakeFirstOrThrow();
  assert.match(row.context, /written in Python/);
});

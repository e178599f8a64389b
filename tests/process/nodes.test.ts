/** Several processes on one PostgreSQL are one server: nothing that one of them keeps is needed by another. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type DatabaseEngine, databases, type TestDatabase } from '../environment/databases.ts';
import { type OAuth2Client, startOstiary, type TestOstiary } from '../environment/ostiary.ts';
import { authorizePath, codeFor, redeem, userinfo } from '../environment/relying-party.ts';
import { Visitor } from '../environment/visitor.ts';

const engine = databases().find(({ name }) => name === 'postgresql');
const pathOf = (url: string): string => new URL(url).pathname + new URL(url).search;

/** The same browser, led to another node by whatever stands before them. */
function movedTo(node: TestOstiary, from: Visitor): Visitor {
  const moved = new Visitor(node.url);
  for (const [name, value] of from.cookies) moved.cookies.set(name, value);
  return moved;
}

/** Waits until something is so; another node hears of a change a moment later. */
async function until(isSo: () => Promise<boolean>, words: string): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await isSo()) return;
    await pause(20);
  }
  assert.fail(words);
}

describe('two nodes on one PostgreSQL', { skip: engine ? false : 'PostgreSQL is not here' }, () => {
  let database: TestDatabase;
  let first: TestOstiary;
  let second: TestOstiary;
  let client: OAuth2Client;

  before(async () => {
    database = await (engine as DatabaseEngine).make();
    const shared: DatabaseEngine = {
      name: 'postgresql',
      make: async () => ({ url: database.url, drop: async () => {} }),
    };
    // Both start at once on the empty database.
    [first, second] = await Promise.all([startOstiary({ engine: shared }), startOstiary({ engine: shared })]);
    client = await first.oauth2('shared');
    await first.person('ann');
  });
  after(async () => {
    await Promise.all([first.stop(), second.stop()]);
    await database.drop();
  });

  test('a sign-in that begins on one goes on at the other, and the session is known to both', async () => {
    const browser = first.visitor();
    await browser.open('/if/flow/default-authentication-flow/?next=/if/user/');
    const asked = await browser.submit({ uid_field: 'ann' });
    const elsewhere = movedTo(second, browser);
    await elsewhere.open(pathOf(asked.url));
    const home = await elsewhere.submit({ password: 'password of ann' });
    assert.match(home.url, /\/if\/user\/$/);
    const back = movedTo(first, elsewhere);
    await back.open('/if/user/');
    assert.match(back.words(), /Hello Ann/);

    await back.open('/if/flow/default-invalidation-flow/');
    await back.submit({});
    assert.doesNotMatch((await elsewhere.open('/if/user/')).body, /Hello Ann/, 'signing out counts on both at once');
  });

  test('a code of one is redeemed once, wherever it is tried', async () => {
    const browser = await first.signedIn('ann');
    const code = await codeFor(browser, client);
    const answers = await Promise.all([first, second, first, second].map((node) => redeem(node, client, code)));
    const won = answers.filter(({ status }) => status === 200);
    assert.equal(won.length, 1);
    const token = won[0]?.json.access_token;
    // Whoever came too late has ended what the code gave, on both.
    for (const node of [first, second]) assert.equal((await userinfo(node, token)).status, 401);
    const fresh = await redeem(second, client, await codeFor(browser, client));
    for (const node of [first, second]) assert.equal((await userinfo(node, fresh.json.access_token)).status, 200);
  });

  test('a rule that is made on one holds on the other', async () => {
    const browser = await second.signedIn('ann');
    const entered = await browser.open(authorizePath(client));
    assert.match(entered.location ?? '', /code=/);
    const binding = await first.bind(client.applicationId, { group: await first.group('nobody is in here') });
    await until(
      async () => (await browser.open(authorizePath(client))).status === 403,
      'the other node never heard of it',
    );
    assert.ok(binding);
  });

  test('guesses on both are counted together', async () => {
    await first.person('bob');
    const guess = async (node: TestOstiary, password: string): Promise<string> => {
      const browser = node.visitor();
      await browser.open('/if/flow/default-authentication-flow/');
      await browser.submit({ uid_field: 'bob' });
      await browser.submit({ password });
      return browser.words();
    };
    const wrong = await Promise.all(
      Array.from({ length: 8 }, (_, index) => guess(index % 2 ? first : second, 'wrong')),
    );
    assert.ok(wrong.filter((words) => words.includes('Invalid password')).length <= 5);
    assert.match(await guess(second, 'password of bob'), /Too many attempts/);
  });
});

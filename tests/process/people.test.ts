import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Visitor } from '../environment/visitor.ts';
import { emptyFolder, ostiary, type Server, startServer } from './program.ts';

const FLOW = '/if/flow/default-authentication-flow/?next=/if/user/';

describe('commands beside a running server', () => {
  const { folder, remove } = emptyFolder();
  const environment = { OSTIARY_DATA_DIR: folder };
  const secrets: string[] = [];
  let server: Server;
  before(async () => {
    server = await startServer(environment);
  });
  after(async () => {
    await server.stop();
    remove();
  });

  const signIn = async (username: string, password: string): Promise<Visitor> => {
    secrets.push(password);
    const browser = new Visitor(server.url);
    await browser.open(FLOW);
    await browser.submit({ uid_field: username });
    await browser.submit({ password });
    secrets.push(...browser.cookies.values());
    return browser;
  };
  const isIn = (browser: Visitor): boolean => browser.last?.url === `${server.url}/if/user/`;

  test('somebody made on the command line can sign in', async () => {
    const made = await ostiary(['user', 'create', 'ann', '--name', 'Ann Lindqvist', '--email', 'ann@example.org'], {
      environment,
      input: 'the first password of ann\n',
    });
    assert.equal(made.code, 0, made.errors);
    assert.equal(made.output, 'ann was made and can sign in.\n');
    const browser = await signIn('ann', 'the first password of ann');
    assert.ok(isIn(browser), browser.words());
    assert.match(browser.words(), /Hello Ann Lindqvist/);
    assert.ok(!isIn(await signIn('ann', 'not the password of ann')));
  });

  test('nobody is made twice, nor into a group that is not there, nor without a password', async () => {
    const create = (words: string[], input: string) => ostiary(['user', 'create', ...words], { environment, input });
    const refused: [string[], string, RegExp][] = [
      [['Ann'], 'a password', /There is somebody called "Ann" already/],
      [['ben', '--group', 'nowhere'], 'a password', /There is no group "nowhere"/],
      [['ben'], '\n', /The password is empty/],
      [['ben'], 'x'.repeat(1025), /at most 1024 bytes/],
      [['b'.repeat(151)], 'a password', /^NAME: /m],
    ];
    for (const [words, input, sentence] of refused) {
      const { code, errors } = await create(words, input);
      assert.equal(code, 1, words.join(' '));
      assert.match(errors, sentence);
    }
    const { code, errors } = await ostiary(['user', 'set-password', 'ben'], { environment, input: 'a password' });
    assert.equal(code, 1);
    assert.match(errors, /There is nobody called "ben"/);
  });

  test('a new password ends the sessions that the old one began', async () => {
    const old = await signIn('ann', 'the first password of ann');
    assert.ok(isIn(old));
    const changed = await ostiary(['user', 'set-password', 'ann'], {
      environment,
      input: 'the second password of ann\r\n',
    });
    assert.equal(changed.code, 0, changed.errors);
    const answer = await old.open('/if/user/');
    assert.notEqual(answer.url, `${server.url}/if/user/`);
    assert.ok(!isIn(await signIn('ann', 'the first password of ann')));
    assert.ok(isIn(await signIn('ann', 'the second password of ann')));
  });

  test('an administrator made on the command line closes the set-up page', async () => {
    assert.equal((await fetch(`${server.url}/if/flow/initial-setup/`)).status, 200);
    const words = ['user', 'create', 'root', '--superuser', '--email', 'root@example.org'];
    const made = await ostiary(words, { environment, input: 'a password of root' });
    assert.equal(made.code, 0, made.errors);
    assert.equal((await fetch(`${server.url}/if/flow/initial-setup/`)).status, 404);
    assert.ok(isIn(await signIn('root', 'a password of root')));
  });

  const newLink = async (): Promise<string> => {
    const { code, output, errors } = await ostiary(['recovery-link', 'ann'], {
      environment: { ...environment, OSTIARY_BASE_URL: server.url },
    });
    assert.equal(code, 0, errors);
    const link = output.trim();
    assert.ok(link.startsWith(`${server.url}/recovery/use-token/`), link);
    secrets.push(link.split('/').at(-2) ?? '');
    return link;
  };

  test('a recovery link signs in once and leads to a new password', async () => {
    const link = await newLink();
    const browser = new Visitor(server.url);
    // Looking, as programs that check mail do, uses nothing up.
    for (const round of [1, 2]) assert.equal((await browser.open(link)).status, 200, `look ${round}`);
    assert.match(browser.words(), /ann/);
    await browser.submit({});
    assert.match(browser.last?.url ?? '', /\/if\/flow\/default-password-change\//);
    await browser.submit({ password: 'the third password of ann', password_repeat: 'the third password of ann' });
    secrets.push(...browser.cookies.values());
    assert.ok(isIn(await signIn('ann', 'the third password of ann')));
    const late = await new Visitor(server.url).open(link);
    assert.equal(late.status, 410);
    assert.match(late.body, /used already, or has expired/);
  });

  test('none of their secrets is in the log', () => {
    const log = server.output();
    assert.ok(secrets.length > 10);
    for (const secret of secrets) assert.ok(!log.includes(secret), `the log holds ${secret}`);
  });
});

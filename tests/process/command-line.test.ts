import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { emptyFolder, ostiary } from './program.ts';

const SOURCES = join(import.meta.dirname, '..', '..', 'src');
const COMMANDS = ['serve', 'apply', 'user create', 'user set-password', 'recovery-link', 'version'];

/** Prints the name of every module that is loaded. */
const PRINT_LOADED = `import { registerHooks } from 'node:module';
registerHooks({ load(url, context, next) { process.stderr.write('loaded ' + url + '\\n'); return next(url, context); } });`;

describe('the command line', () => {
  test('says which commands there are', async () => {
    const { code, output } = await ostiary(['--help']);
    assert.equal(code, 0);
    for (const command of COMMANDS) assert.ok(output.includes(`  ${command}`), command);
  });

  test('says of each command how it is used', async () => {
    for (const command of COMMANDS) {
      const { code, output, errors } = await ostiary([...command.split(' '), '--help']);
      assert.equal(code, 0, errors);
      assert.ok(output.startsWith(`Usage: ostiary ${command}`), output);
    }
  });

  test('does not guess what was meant', async () => {
    const wrong: [string[], RegExp][] = [
      [[], /A command is missing/],
      [['server'], /There is no command "server"/],
      [['user'], /There is no command "user"/],
      [['user', 'delete'], /There is no command "user delete"/],
      [['serve', '--port', '80'], /Unknown option '--port'.*\nUsage: ostiary serve/],
      [['serve', 'now'], /"now" is one word too many.\nUsage: ostiary serve/],
      [['apply'], /FILE is missing.\nUsage: ostiary apply FILE/],
      [['user', 'create', 'ann', '--superuser=yes'], /--superuser.*\nUsage: ostiary user create NAME/],
      [['recovery-link', 'ann', '--lifetime', 'soon'], /--lifetime wants a duration/],
      [['apply', 'file.yaml', '--context', 'name'], /--context wants NAME=VALUE/],
      [['constructor'], /There is no command/],
    ];
    for (const [words, sentence] of wrong) {
      const { code, output, errors } = await ostiary(words);
      assert.equal(code, 2, words.join(' '));
      assert.match(errors, sentence);
      assert.equal(output, '');
    }
  });

  test('tells the version without loading the server', async () => {
    const node = ['--import', `data:text/javascript,${encodeURIComponent(PRINT_LOADED)}`];
    const { code, output, errors } = await ostiary(['version'], { node });
    assert.equal(code, 0);
    const about = JSON.parse(readFileSync(join(SOURCES, '..', 'package.json'), 'utf8')) as { version: string };
    assert.equal(output, `Ostiary ${about.version} (Node ${process.versions.node})\n`);
    const loaded = [...errors.matchAll(/^loaded file:.*\/src\/(.*)$/gm)].map((found) => found[1]);
    assert.deepEqual(new Set(loaded), new Set(['main.ts', 'commands/command.ts', 'commands/version.ts']));
  });
});

describe('wrong settings', () => {
  test('are told all at once, with remedies and without secrets', async () => {
    const { code, output, errors } = await ostiary(['serve'], {
      environment: {
        OSTIARY_SECRET_KEY: 'too-short-to-be-used',
        OSTIARY_LISTEN__HTTP: 'everywhere',
        OSTIARY_DATABSE_URL: 'postgres://ann:hunter2@localhost/x',
        OSTIARY_LOG_LEVEL: 'loud',
      },
    });
    assert.equal(code, 2);
    assert.equal(output, '');
    assert.match(errors, /^4 settings are wrong:/);
    assert.match(errors, /OSTIARY_SECRET_KEY has 20 characters/);
    assert.match(errors, /OSTIARY_LISTEN__HTTP = "everywhere" is not an address/);
    assert.match(errors, /OSTIARY_DATABSE_URL is not a setting. Did you mean OSTIARY_DATABASE_URL\?/);
    assert.match(errors, /OSTIARY_LOG_LEVEL = "loud" is not a log level/);
    assert.doesNotMatch(errors, /too-short-to-be-used|hunter2| at .*\.ts:/);
  });

  test('stop every command in the same way', async () => {
    for (const command of [
      ['user', 'create', 'ann'],
      ['recovery-link', 'ann'],
    ]) {
      const { code, errors } = await ostiary(command, { environment: { OSTIARY_BASE_URL: 'nowhere' } });
      assert.equal(code, 2);
      assert.match(errors, /^One setting is wrong:\n {2}OSTIARY_BASE_URL/);
    }
  });

  test('a first token that can be guessed is refused', async () => {
    const { folder, remove } = emptyFolder();
    try {
      const environment = { OSTIARY_DATA_DIR: folder, OSTIARY_BOOTSTRAP_TOKEN: 'letmein' };
      const { code, errors } = await ostiary(['serve'], { environment });
      assert.equal(code, 1);
      assert.match(errors, /^OSTIARY_BOOTSTRAP_TOKEN: .*at least 16 characters\.\n$/m);
      assert.doesNotMatch(errors, /letmein/);
    } finally {
      remove();
    }
  });
});

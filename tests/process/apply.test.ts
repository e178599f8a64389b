import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Visitor } from '../environment/visitor.ts';
import { emptyFolder, ostiary, type Server, startServer } from './program.ts';

const PERSON = `version: 1
context:
  password: the password of the file
entries:
  - model: authentik_core.user
    identifiers:
      username: clara
    attrs:
      name: Clara Example
      password: !Context password
`;

describe('apply', () => {
  const { folder, remove } = emptyFolder();
  const environment = { OSTIARY_DATA_DIR: join(folder, 'data'), CITY: 'Bergen' };
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  let server: Server;
  before(async () => {
    server = await startServer(environment);
  });
  after(async () => {
    await server.stop();
    remove();
  });

  test('makes what the file says, beside a running server, and the second time has nothing to do', async () => {
    const path = file('person.yaml', PERSON);
    const words = ['apply', path, '--context', 'password=another=password of clara'];
    const first = await ostiary(words, { environment });
    assert.equal(first.code, 0, first.errors);
    assert.match(first.output, /^created authentik_core\.user \d+\n$/);
    const again = await ostiary(words, { environment });
    assert.equal(again.code, 0, again.errors);
    assert.match(again.output, /^unchanged authentik_core\.user \d+\n$/);
    const browser = new Visitor(server.url);
    await browser.open('/if/flow/default-authentication-flow/?next=/if/user/');
    await browser.submit({ uid_field: 'clara' });
    await browser.submit({ password: 'another=password of clara' });
    assert.match(browser.words(), /Hello Clara Example/);
  });

  test('tells what it would do, and does nothing', async () => {
    const path = file(
      'group.yaml',
      'version: 1\nentries:\n  - {model: authentik_core.group, identifiers: {name: some}}\n',
    );
    for (const round of [1, 2]) {
      const { code, output } = await ostiary(['apply', path, '--dry-run'], { environment });
      assert.equal(code, 0);
      assert.match(output, /^created authentik_core\.group /, `round ${round}`);
    }
  });

  test('names file, line and reason of a fault, and changes nothing', async () => {
    const text = `${PERSON.replace('clara', 'dora')}  - model: authentik_core.nothing\n    identifiers: {name: x}\n`;
    const path = file('broken.yaml', text);
    const { code, errors } = await ostiary(['apply', path], { environment });
    assert.equal(code, 1);
    assert.match(errors, new RegExp(`^${path}:11: `, 'm'));
    assert.doesNotMatch(errors, /the password of the file| at .*\.ts:/);
    const { errors: nobody } = await ostiary(['recovery-link', 'dora'], { environment });
    assert.match(nobody, /There is nobody called "dora"/);
  });

  test('lets only files of the blueprint folder look around', async () => {
    const text = PERSON.replace('clara', 'emil').replace('Clara Example', '!Env CITY');
    const outside = await ostiary(['apply', file('city.yaml', text)], { environment });
    assert.equal(outside.code, 1);
    assert.match(outside.errors, /city\.yaml:9: !Env/);
    mkdirSync(join(folder, 'data', 'blueprints'), { recursive: true });
    const inside = await ostiary(['apply', file('data/blueprints/city.yaml', text)], { environment });
    assert.equal(inside.code, 0, inside.errors);
    assert.match(inside.output, /^created/);
  });

  test('says when there is no such file', async () => {
    const { code, errors } = await ostiary(['apply', join(folder, 'nothing.yaml')], { environment });
    assert.equal(code, 1);
    assert.match(errors, /nothing\.yaml cannot be read \(ENOENT\)/);
  });
});

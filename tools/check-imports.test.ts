import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { checkTree } from './check-imports.ts';
import { checkStandingAlone, checkText } from './imports/standing-alone.ts';

/** Writes a small house into a temporary folder, checks it, and returns the faults. */
function faultsOf(files: Record<string, string>): string[] {
  return inTree(files, checkTree);
}

function inTree<T>(files: Record<string, string>, look: (root: string) => T): T {
  const root = mkdtempSync(join(tmpdir(), 'ostiary-imports-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return look(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** A whole stage, so that only what a test adds can be at fault. */
function stage(kind: string, text = 'export const x = 1;\n'): Record<string, string> {
  const folder = `src/stages/${kind}/${kind}`;
  return { [`${folder}.ts`]: text, [`${folder}.test.ts`]: '', 'src/stages/stage.ts': 'export type Stage = string;\n' };
}

const core = { 'src/core/core.ts': 'export const x = 1;\nexport type Core = string;\n' };
const flow = {
  'src/flow/door.ts': 'export const start = 1;\n',
  'src/flow/run.ts': 'export const next = 1;\nexport type Run = string;\n',
};

describe('who may import whom', () => {
  test('a house that keeps the rules has no faults', () => {
    const imports = [
      "import { x as a } from '../../core/core.ts';",
      "import type { Stage } from '../stage.ts';",
      "import type { Run } from '../../flow/run.ts';",
      "import { z } from 'zod';",
      'export const y: [number, Stage?, Run?] = [a];',
      'export { z };',
    ];
    assert.deepEqual(faultsOf({ ...core, ...flow, ...stage('password', imports.join('\n')) }), []);
  });

  test('a room may not import a room that its row does not name', () => {
    const [fault, ...others] = faultsOf({ ...core, 'src/db/open.ts': "\nimport { x } from '../core/core.ts';\nx;\n" });
    assert.equal(fault, 'src/db/open.ts:2: ../core/core.ts: db may not import values of core');
    assert.deepEqual(others, []);
  });

  test('types may be allowed where values are not', () => {
    const values = faultsOf({ ...flow, ...stage('password', "import { next } from '../../flow/run.ts';") });
    assert.match(values.join(), /stage may not import values of flow/);
    const types = faultsOf({ ...flow, ...stage('password', "import type { Run } from '../../flow/run.ts';") });
    assert.deepEqual(types, []);
  });

  test('an inline type marker still loads the module and counts as a value', () => {
    const faults = faultsOf({ ...flow, ...stage('password', "import { type Run } from '../../flow/run.ts';") });
    assert.match(faults.join(), /values of flow/);
  });

  for (const [form, text] of [
    ['a dynamic import', "await import('../../flow/run.ts');"],
    ['a re-export', "export { next } from '../../flow/run.ts';"],
    ['an export of everything', "export * from '../../flow/run.ts';"],
    ['an import for its effect', "import '../../flow/run.ts';"],
  ] as const) {
    test(`${form} is seen`, () => {
      assert.match(faultsOf({ ...flow, ...stage('password', text) }).join(), /values of flow/);
    });
  }

  test('a type written as an import is seen', () => {
    const faults = faultsOf({ ...core, 'src/db/open.ts': "export type A = import('../core/core.ts').Core;" });
    assert.match(faults.join(), /db may not import types of core/);
  });

  test('an import whose target is computed is refused', () => {
    assert.match(faultsOf({ 'src/db/open.ts': 'export const a = (b: string) => import(b);' }).join(), /plain string/);
  });

  test('a protocol enters the flow by its door only', () => {
    const protocol = (target: string): string[] =>
      faultsOf({
        ...flow,
        'src/protocols/oauth2/oauth2.ts': `import * as flow from '../../flow/${target}.ts';\nexport { flow };`,
        'src/protocols/oauth2/oauth2.test.ts': '',
      });
    assert.deepEqual(protocol('door'), []);
    assert.match(protocol('run').join(), /protocol may not import values of flow/);
  });

  test('a stage may not import a sibling, not even its types or its wire file', () => {
    const wire = { 'src/stages/a/a.wire.ts': 'export type A = 1;', 'src/stages/a/a.screen.ts': 'export const s = 1;' };
    const faults = faultsOf({ ...stage('a'), ...wire, ...stage('b', "import type { A } from '../a/a.wire.ts';") });
    assert.match(faults.join(), /sibling: b may not import a/);
  });

  test('a wire file has the schema library and nothing else; a screen has the kit and wire files', () => {
    const tree = (wire: string, screen: string): string[] =>
      faultsOf({
        ...core,
        ...stage('a', "import '../a/a.wire.ts';\nimport './a.screen.ts';"),
        'src/web/kit/html.ts': 'export const html = 1;',
        'src/stages/a/a.wire.ts': wire,
        'src/stages/a/a.screen.ts': screen,
      });
    assert.deepEqual(tree("import 'zod';", "import './a.wire.ts';\nimport '../../web/kit/html.ts';"), []);
    assert.match(tree("import 'pino';", '').join(), /wire may not use pino/);
    assert.match(tree("import '../../core/core.ts';", '').join(), /wire may not import values of core/);
    assert.match(tree('', "import './a.ts';").join(), /screen may not import values of stage/);
    assert.match(tree('', "import 'node:fs';").join(), /screen may not use node:fs/);
  });

  test('tests may import everything, and only tests may import tests', () => {
    assert.deepEqual(faultsOf({ ...core, 'src/db/open.test.ts': "import '../core/core.ts';" }), []);
    const faults = faultsOf({ 'src/db/open.ts': "import './open.test.ts';", 'src/db/open.test.ts': '' });
    assert.match(faults.join(), /only tests may import tests/);
  });

  test('an unknown room, a missing file and a way out of src are faults', () => {
    assert.match(faultsOf({ 'src/attic/box.ts': '' }).join(), /"attic" is not a room/);
    assert.match(faultsOf({ 'src/db/open.ts': "import './gone.ts';" }).join(), /there is no such file/);
    assert.match(faultsOf({ 'src/db/open.ts': "import '../../tools/x.ts';" }).join(), /leaves src/);
  });
});

describe('the rest of the house', () => {
  test('circles of values are found, circles of types are not', () => {
    const circle = (word: string): string[] =>
      faultsOf({
        'src/db/a.ts': `${word} { b } from './b.ts';`,
        'src/db/b.ts': `${word} { c } from './c.ts';`,
        'src/db/c.ts': `${word} { a } from './a.ts';`,
      });
    assert.deepEqual(circle('export'), ['src/db/a.ts:1: a circle of imports: db/a.ts → db/b.ts → db/c.ts → db/a.ts']);
    assert.deepEqual(circle('export type'), []);
  });

  test('drawers are refused, as folders and as files', () => {
    for (const path of ['src/core/utils/x.ts', 'src/core/helpers.ts', 'src/lib/x.ts', 'src/core/common.test.ts']) {
      assert.match(faultsOf({ [path]: '' }).join(), /says nothing of what is inside/, path);
    }
  });

  test('SQL is spoken in a few rooms only', () => {
    const query = "export const q = (db: any) => db.selectFrom('users');";
    const tag = "import { sql } from 'kysely';\nexport { sql };";
    const driver = "import { DatabaseSync } from 'node:sqlite';\nexport { DatabaseSync };";
    for (const text of [query, tag, driver]) {
      assert.match(faultsOf({ 'src/http/server.ts': text }).join(), /SQL .* belongs in/);
      assert.deepEqual(faultsOf({ 'src/core/users.ts': text, 'src/admin/list.ts': text, 'src/db/open.ts': text }), []);
      const protocol = { 'src/protocols/saml/saml.ts': '', 'src/protocols/saml/saml.test.ts': '' };
      assert.deepEqual(faultsOf({ ...protocol, 'src/protocols/saml/logins.store.ts': text }), []);
    }
    assert.deepEqual(faultsOf({ 'src/http/server.ts': "import type { Kysely } from 'kysely';" }), []);
  });

  test('module-level mutable state is refused', () => {
    for (const text of [
      'let count = 0;',
      'export let count = 0;',
      'const cache = new Map<string, string>();',
      'export const list: string[] = [];',
      'const byName = {} as Record<string, string>;',
      'export class A { static last = 1; }',
    ]) {
      assert.match(faultsOf({ 'src/core/x.ts': text }).join(), /module-level mutable state/, text);
    }
    const constants =
      "const names = new Map([['a', 1]]);\nexport function f() { let a = 0; a += names.size; return a; }";
    assert.deepEqual(faultsOf({ 'src/core/x.ts': constants }), []);
  });

  test('files are small', () => {
    const lines = (count: number): string => '//\n'.repeat(count);
    assert.deepEqual(faultsOf({ 'src/core/a.ts': lines(80) }), []);
    assert.match(faultsOf({ 'src/core/a.ts': lines(81) }).join(), /the median file has 81 lines/);
    const small = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`src/core/f${index}.ts`, lines(10)]));
    assert.deepEqual(faultsOf({ ...small, 'src/core/big.ts': lines(400) }), []);
    assert.match(faultsOf({ ...small, 'src/core/big.ts': lines(401) }).join(), /no file has more than 400/);
    const two = { 'src/core/big.ts': lines(301), 'src/core/large.ts': lines(301) };
    assert.match(faultsOf({ ...small, ...two }).join(), /95th percentile is 301/);
  });

  test('every folder of equals is whole', () => {
    assert.match(faultsOf({ 'src/stages/otp/code.ts': '' }).join(), /otp.ts is missing.*otp.test.ts is missing/);
    assert.match(faultsOf({ ...stage('otp'), 'src/stages/otp/otp.wire.ts': '' }).join(), /otp.screen.ts is missing/);
    assert.match(faultsOf({ ...stage('userLogin') }).join(), /lowercase words joined by hyphens/);
    assert.deepEqual(faultsOf({ ...stage('user-login') }), []);
  });

  test('a file that cannot be parsed is a fault', () => {
    assert.match(faultsOf({ 'src/core/x.ts': 'export const = ;' }).join(), /cannot be read/);
  });
});

describe('the repository stands alone', () => {
  test('what points outside is found with its line', () => {
    const outside = ['/wo!rk/main', 'a sub!agent', 'registry.np!mjs.org', '../sha!red/x', 'see DES!IGN.md'];
    for (const words of outside.map((text) => text.replace('!', ''))) {
      assert.match(checkText('docs/a.md', `fine\n${words}\n`).join(), /^docs\/a.md:2: points outside/, words);
    }
    assert.deepEqual(checkText('docs/a.md', 'a workshop, a shared room, the design'), []);
  });

  test('the lockfile names no registry', () => {
    const line = '"resolved": "https://example.org/a.tgz"';
    assert.equal(checkText('package-lock.json', line).length, 1);
    assert.equal(checkText('README.md', line).length, 0);
  });

  test('every tracked file is looked at', () => {
    const faults = inTree({ 'a.txt': '/wo!rk/'.replace('!', ''), 'b.txt': '/wo!rk/'.replace('!', '') }, (root) => {
      const git = (...words: string[]): unknown => execFileSync('git', words, { cwd: root });
      git('init', '--quiet');
      git('add', 'a.txt');
      return checkStandingAlone(root);
    });
    assert.equal(faults.length, 1);
    assert.match(faults.join(), /^a.txt:1/);
  });
});

/** The documents name only what is there: links, files, commands of npm and of Ostiary, and settings. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';

const ROOT = join(import.meta.dirname, '..');

/** Markdown that git knows or would know, by its path from the root. */
const documents = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(ROOT, path)));

const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** The text outside of fenced blocks. What is in a block may be somebody else's file or an answer of a server. */
const prose = (text: string): string => text.replace(/^ *```[\s\S]*?^ *```$/gm, '');

/** The anchors of the headings, as GitHub makes them. */
function anchors(text: string): Set<string> {
  const headings = [...prose(text).matchAll(/^#{1,6} +(.+)$/gm)].map((found) => found[1] ?? '');
  const slug = (heading: string): string =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-');
  return new Set(headings.map(slug));
}

/** Every relative link that leads nowhere. */
function brokenLinks(path: string): string[] {
  const targets = [...prose(textOf(path)).matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)/g)].map(
    (found) => found[1] ?? '',
  );
  return targets.filter((target) => {
    if (/^[a-z]+:/i.test(target)) return false;
    const [file = '', anchor] = target.split('#');
    const there = file === '' ? path : join(dirname(path), file);
    if (!existsSync(join(ROOT, there))) return true;
    return anchor !== undefined && there.endsWith('.md') && !anchors(textOf(there)).has(anchor);
  });
}

/** Paths in code spans that begin with a folder of the repository. `…`, `*` and `<name>` stand for many files. */
function missingFiles(path: string): string[] {
  const spans = [...prose(textOf(path)).matchAll(/`([^`\n]+)`/g)].map((found) => found[1] ?? '');
  const named = spans.filter((span) => /^(?:src|docs|deploy|tools|tests|examples|bin|\.ci)\/[\w./-]*$/.test(span));
  return named.filter((span) => !existsSync(join(ROOT, span)));
}

/** What is set in package.json of the root and of the workspaces. */
function scriptsOf(folder: string): string[] {
  const { scripts = {} } = JSON.parse(textOf(join(folder, 'package.json'))) as { scripts?: Record<string, string> };
  return Object.keys(scripts);
}

function missingScripts(path: string): string[] {
  const calls = [...textOf(path).matchAll(/npm (?:run ([\w:-]+)|(start|test)\b)([^\n`]*)/g)];
  return calls.flatMap(([, run, short, rest = '']) => {
    const name = run ?? short ?? '';
    const folder = / (?:-w|--workspace)[ =](\S+)/.exec(rest)?.[1] ?? '.';
    return scriptsOf(folder).includes(name) ? [] : [`${name} of ${folder}`];
  });
}

/** Names of settings that docs/config.md does not know. */
function unknownSettings(path: string): string[] {
  const known = textOf('docs/config.md');
  const names = textOf(path).match(/\bOSTIARY_[A-Z][A-Z0-9_]*[A-Z0-9]\b/g) ?? [];
  return [...new Set(names)].filter((name) => !known.includes(name) && !COMPOSE.has(name));
}

/** Read by the compose files and not by the program. */
const COMPOSE = new Set(['OSTIARY_IMAGE']);

describe('the documents', () => {
  test('are there', () => {
    for (const path of ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'docs/architecture.md']) {
      assert.ok(documents.includes(path), path);
    }
  });

  for (const path of documents) {
    test(`${path} names only what is there`, () => {
      assert.deepEqual(brokenLinks(path), [], 'links');
      assert.deepEqual(missingFiles(path), [], 'files');
      assert.deepEqual(missingScripts(path), [], 'scripts of package.json');
      assert.deepEqual(unknownSettings(path), [], 'settings');
    });
  }

  test('every decision is dated and numbered once', () => {
    const decisions = documents.filter((path) => path.startsWith('docs/decisions/'));
    const numbers = decisions.map((path) => /\/(\d{4})-[a-z0-9-]+\.md$/.exec(path)?.[1]);
    assert.equal(new Set(numbers).size, decisions.length);
    for (const path of decisions) {
      const number = Number(/\/(\d{4})-/.exec(path)?.[1]);
      assert.match(textOf(path), new RegExp(`^# ${number}\\. .+\\n\\n\\w+, \\d{4}-\\d\\d-\\d\\d\\.`), path);
    }
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complete, missingEntries } from './complete-lockfile.ts';

const tool = (version: string): { version: string; dev: true; optionalDependencies: Record<string, string> } => ({
  version,
  dev: true,
  optionalDependencies: { '@tool/linux-x64-musl': version, '@tool/darwin-arm64': version },
});

test('what npm left out is written with the platform that its name tells', () => {
  const whole = complete({ 'node_modules/tool': tool('1.0.0') });
  assert.deepEqual(whole['node_modules/@tool/linux-x64-musl'], {
    version: '1.0.0',
    dev: true,
    optional: true,
    cpu: ['x64'],
    os: ['linux'],
    libc: ['musl'],
  });
  assert.deepEqual(whole['node_modules/@tool/darwin-arm64']?.os, ['darwin']);
  assert.deepEqual(missingEntries(whole), {});
});

test('an entry that is there is left as it is', () => {
  const there = { version: '1.0.0', integrity: 'sha512-x' };
  const whole = complete({ 'node_modules/tool': tool('1.0.0'), 'node_modules/@tool/darwin-arm64': there });
  assert.equal(whole['node_modules/@tool/darwin-arm64'], there);
});

test('another version in the place moves to the package that asked for it', () => {
  const old = { version: '0.9.0', integrity: 'sha512-old' };
  const whole = complete({
    'node_modules/outer/node_modules/tool': tool('0.9.0'),
    'node_modules/tool': tool('1.0.0'),
    'node_modules/@tool/darwin-arm64': old,
  });
  assert.equal(whole['node_modules/@tool/darwin-arm64']?.version, '1.0.0');
  assert.equal(whole['node_modules/outer/node_modules/@tool/darwin-arm64'], old);
});

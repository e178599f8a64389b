/**
 * `npm run check`: format, lint, types, import rules, lockfile, dead code. Every step runs, so that one look shows all faults.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const EXAMPLES = ['examples/todo/api', 'examples/todo/web'];

type Step = { name: string; command: string[] };

const STEPS: Step[] = [
  { name: 'format', command: ['biome', 'format', '.'] },
  { name: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'types', command: ['tsc', '-p', '.'] },
  ...EXAMPLES.filter((folder) => existsSync(join(ROOT, folder, 'tsconfig.json'))).map((folder) => ({
    name: `types of ${folder}`,
    command: ['tsc', '--noEmit', '-p', folder],
  })),
  { name: 'imports', command: ['node', 'tools/check-imports.ts'] },
  { name: 'lockfile', command: ['node', 'tools/complete-lockfile.ts', '--check'] },
  { name: 'dead code', command: ['knip'] },
];

type Result = { passed: boolean; output: string; seconds: number };

function perform(step: Step): Promise<Result> {
  const [program = '', ...options] = step.command;
  const started = performance.now();
  const PATH = [join(ROOT, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  const child = spawn(program, options, {
    cwd: ROOT,
    env: { ...process.env, PATH },
    shell: process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (text: Buffer): void => void (output += text.toString());
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return new Promise((resolve) => {
    const done = (passed: boolean): void => resolve({ passed, output, seconds: (performance.now() - started) / 1000 });
    child.once('error', (fault) => {
      output += `${fault.message}\n`;
      done(false);
    });
    child.once('close', (code) => done(code === 0));
  });
}

const failed: string[] = [];
for (const step of STEPS) {
  const result = await perform(step);
  if (!result.passed) {
    failed.push(step.name);
    process.stdout.write(`\n${result.output}`);
  }
  console.log(`${result.passed ? '✔' : '✖'} ${step.name} (${result.seconds.toFixed(1)} s)`);
}
if (failed.length > 0) {
  console.log(`\nFailed: ${failed.join(', ')}. The format is put right by: npm run format`);
  process.exitCode = 1;
}

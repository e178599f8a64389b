/** Python with packages from its own index, in a folder that is taken away again. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Python = {
  folder: string;
  /** Runs a script in the folder, with `input` on standard input, and returns what it printed. Throws when it fails. */
  run(script: string, input: string, environment?: Readonly<Record<string, string>>): Promise<string>;
  remove(): void;
};

const SYSTEM_PYTHON = process.platform === 'win32' ? 'python' : 'python3';
const OWN_PYTHON = process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python'];

/** Makes a virtual environment with these packages, which needs the network. */
export async function makePython(packages: readonly string[]): Promise<Python> {
  const folder = mkdtempSync(join(tmpdir(), 'ostiary-python-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const python = join(folder, 'venv', ...OWN_PYTHON);
  try {
    await execute(SYSTEM_PYTHON, ['-m', 'venv', join(folder, 'venv')], folder);
    const options = ['--quiet', '--disable-pip-version-check', '--no-input'];
    await execute(python, ['-m', 'pip', 'install', ...options, ...packages], folder);
  } catch (fault) {
    remove();
    throw fault;
  }
  return {
    folder,
    remove,
    run: (script, input, environment) => execute(python, [script], folder, input, environment),
  };
}

async function execute(
  program: string,
  words: readonly string[],
  folder: string,
  input = '',
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const env = { ...process.env, ...environment };
  const child = spawn(program, words, { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  child.stdin.end(input);
  const code = await new Promise<number | null>((done, fail) => child.once('error', fail).once('close', done));
  if (code !== 0) throw new Error(`${program} ${words.join(' ')} ended with ${code}:\n${output}${errors}`);
  return output;
}

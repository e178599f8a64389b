/** The repository explains itself: no tracked file points to what a reader of the repository alone cannot see. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOREIGN = [/\/work\//, /\bsub-?agent/i, /registry\.npmjs/, /\.\.\/shared\//, /\bDESIGN\.md\b/];

/** An address in the lockfile binds everybody to one registry; npm leaves it out when told to. */
const LOCKED = /"resolved": "http/;

/** The faults of every file that git tracks below `root`, one sentence each. */
export function checkStandingAlone(root: string): string[] {
  const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);
  return tracked.flatMap((path) => checkText(path, read(join(root, path))));
}

export function checkText(path: string, text: string): string[] {
  const patterns = path.endsWith('package-lock.json') ? [...FOREIGN, LOCKED] : FOREIGN;
  return text.split('\n').flatMap((line, index) => {
    const found = patterns.map((pattern) => pattern.exec(line)?.[0]).find((match) => match !== undefined);
    return found === undefined ? [] : [`${path}:${index + 1}: points outside the repository: ${found}`];
  });
}

/** A file that is tracked and deleted in the working tree has nothing to say. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

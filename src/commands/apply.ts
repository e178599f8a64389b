import { readFile, realpath } from 'node:fs/promises';
import { isAbsolute, relative, sep } from 'node:path';
import { withCore } from './beside.ts';
import { type Command, CommandFault, readWords, UsageFault } from './command.ts';

export const apply: Command = {
  usage: 'apply FILE [--context NAME=VALUE]… [--dry-run]',
  help: `Applies a blueprint: all of it or, when there is a fault, nothing. A server on the same data may go on running.
!File and !Env work in files of the blueprint folder only (OSTIARY_BLUEPRINTS_DIR).

  --context NAME=VALUE   A value for !Context, which wins over the one in the file; may be given several times.
  --dry-run              Says what would be done, and does nothing.`,
  async run(words) {
    const { options, names } = readWords(
      words,
      { context: { type: 'string', multiple: true }, 'dry-run': { type: 'boolean' } },
      ['FILE'],
    );
    const context = Object.fromEntries((options.context ?? []).map(readPair));
    const [file = ''] = names;
    const text = await readText(file);
    const { applied } = await withCore(async ({ config, blueprints }) => {
      const source = { name: file, text, trusted: await isInside(config.blueprintsDirectory, file), context };
      return options['dry-run'] ? blueprints.validate(source) : blueprints.apply(source);
    });
    for (const { state, model, key } of applied) process.stdout.write(`${state} ${model} ${key}\n`);
    return 0;
  },
};

function readPair(text: string): [string, string] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new UsageFault(`--context wants NAME=VALUE, and "${text}" is not that.`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (fault) {
    throw new CommandFault(`${file} cannot be read (${(fault as NodeJS.ErrnoException).code}).`);
  }
}

/** Symbolic links are followed first: what counts is where the file really lies. */
async function isInside(folder: string, file: string): Promise<boolean> {
  const root = await realpath(folder).catch(() => undefined);
  if (root === undefined) return false;
  const way = relative(root, await realpath(file));
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

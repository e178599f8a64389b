/**
 * The command line, one file per command. Owns what an operator types and reads: options, prompts, sentences and exit
 * codes. Does not own what the commands do; they call the rooms. A file here is loaded when its command is used.
 */
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';

export type Command = {
  /** What follows the name of the program, such as `user create NAME [--email ADDRESS]`. */
  usage: string;
  /** What `--help` says: sentences, then one line for each option. */
  help: string;
  /** Does it and resolves with the exit code: 0 when all is well. */
  run(words: readonly string[]): Promise<number>;
};

/** What was typed makes no sense: the sentence is shown with the usage, exit 2. */
export class UsageFault extends Error {}

/** The operator can put it right: the sentence is shown, exit 1. */
export class CommandFault extends Error {}

type Parsed<O extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ options: O; allowPositionals: true; strict: true }>
>;

/** Reads options and exactly as many names as `names` has. @throws UsageFault */
export function readWords<O extends ParseArgsOptionsConfig>(
  words: readonly string[],
  options: O,
  names: readonly string[] = [],
): { options: Parsed<O>['values']; names: string[] } {
  let parsed: Parsed<O>;
  try {
    parsed = parseArgs({ args: [...words], options, allowPositionals: true, strict: true });
  } catch (fault) {
    throw new UsageFault(wordsOf(fault));
  }
  const missing = names[parsed.positionals.length];
  if (missing !== undefined) throw new UsageFault(`${missing} is missing.`);
  const extra = parsed.positionals[names.length];
  if (extra !== undefined) throw new UsageFault(`"${extra}" is one word too many.`);
  return { options: parsed.values, names: parsed.positionals };
}

/** The first sentence of what Node says; the rest is advice to programmers. */
function wordsOf(fault: unknown): string {
  const [sentence = ''] = (fault instanceof Error ? fault.message : String(fault)).split(/\. |\n/);
  return `${sentence.replace(/\.$/, '')}.`;
}

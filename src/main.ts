/**
 * The command line of Ostiary: finds the command and runs it. Everything else is loaded by the command itself, so that
 * short commands are quick.
 */
import type { Command } from './commands/command.ts';

const USAGE = `Usage: ostiary COMMAND [OPTION…]

  serve                     Starts the server.
  apply FILE                Applies a blueprint.
  user create NAME          Makes a person, and reads the password.
  user set-password NAME    Gives a person a new password.
  recovery-link NAME        Prints a link by which a person gets in once, to choose a new password.
  version                   Prints the version.

ostiary COMMAND --help says more. Settings come from the environment: see docs/config.md.
`;

type Load = () => Promise<Command>;

const COMMANDS: Readonly<Record<string, Load>> = {
  serve: async () => (await import('./commands/serve.ts')).serve,
  apply: async () => (await import('./commands/apply.ts')).apply,
  'user create': async () => (await import('./commands/user-create.ts')).userCreate,
  'user set-password': async () => (await import('./commands/user-set-password.ts')).userSetPassword,
  'recovery-link': async () => (await import('./commands/recovery-link.ts')).recoveryLink,
  version: async () => (await import('./commands/version.ts')).version,
};

/** Runs one command line and resolves with the exit code: 0 done, 1 not done, 2 not understood. */
async function main(words: readonly string[]): Promise<number> {
  const [first = ''] = words;
  if (['--help', '-h', 'help'].includes(first)) return say(USAGE);
  const length = Object.hasOwn(COMMANDS, words.slice(0, 2).join(' ')) ? 2 : 1;
  const name = first === '--version' ? 'version' : words.slice(0, length).join(' ');
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!load) {
    process.stderr.write(
      `${first === '' ? 'A command is missing.' : `There is no command "${words.slice(0, 2).join(' ')}".`}\n\n${USAGE}`,
    );
    return 2;
  }
  const command = await load();
  const rest = words.slice(length);
  if (rest.includes('--help') || rest.includes('-h'))
    return say(`Usage: ostiary ${command.usage}\n\n${command.help}\n`);
  try {
    return await command.run(rest);
  } catch (fault) {
    const { explain } = await import('./commands/faults.ts');
    return explain(fault, command.usage);
  }
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

// `ostiary apply … | head` closes the pipe early; that is no fault of the command.
process.stdout.on('error', (fault: NodeJS.ErrnoException) => {
  if (fault.code !== 'EPIPE') throw fault;
  process.exit(0);
});

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));

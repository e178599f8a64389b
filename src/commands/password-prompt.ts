/** Reads a password: from a terminal without showing it, else from standard input. */
import { longestPassword } from '../core/crypto/passwords.ts';
import { CommandFault } from './command.ts';

/** The password that the operator gives. On a terminal it is asked for twice. @throws CommandFault */
export async function readPassword(): Promise<string> {
  const password = process.stdin.isTTY ? await askTwice() : await readAll();
  if (password === '') throw new CommandFault('The password is empty.');
  if (Buffer.byteLength(password) > longestPassword) throw new CommandFault('A password has at most 1024 bytes.');
  return password;
}

async function askTwice(): Promise<string> {
  const { stdin } = process;
  // Before the question, so that whoever types at once does not see it on the screen.
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  try {
    const first = await ask('Password: ');
    if ((await ask('Once more: ')) !== first) throw new CommandFault('The two were not the same.');
    return first;
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
  }
}

/** Everything up to the end of the input; one line break at the end belongs to whoever wrote it, not to the password. */
async function readAll(): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of process.stdin as AsyncIterable<Buffer>) {
    parts.push(part);
    length += part.length;
    if (length > longestPassword + 2) break;
  }
  return Buffer.concat(parts)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

const INTERRUPT = '\u0003';
const END = ['\r', '\n', '\u0004'];
const BACKSPACE = ['\u007f', '\b'];

/** One line from the terminal, which shows nothing of it. */
function ask(question: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(question);
  return new Promise((resolve, reject) => {
    let typed: string[] = [];
    const finish = (settle: () => void): void => {
      stdin.off('data', read);
      stderr.write('\n');
      settle();
    };
    const read = (text: string | Buffer): void => {
      for (const character of String(text)) {
        if (character === INTERRUPT) return finish(() => reject(new CommandFault('Nothing was changed.')));
        if (END.includes(character)) return finish(() => resolve(typed.join('')));
        typed = BACKSPACE.includes(character) ? typed.slice(0, -1) : [...typed, character];
      }
    };
    stdin.on('data', read);
  });
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, readWords } from './command.ts';

export const version: Command = {
  usage: 'version',
  help: 'Prints the version of Ostiary and that of Node.',
  async run(words) {
    readWords(words, {});
    const about = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8')) as {
      version: string;
    };
    process.stdout.write(`Ostiary ${about.version} (Node ${process.versions.node})\n`);
    return 0;
  },
};

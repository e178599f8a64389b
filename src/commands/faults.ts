/** Says in a sentence what went wrong. What nobody foresaw is shown whole: the operator has nothing else to go by. */
import { BlueprintFault } from '../blueprints/fault.ts';
import { WrongSecretKeyError } from '../core/secret-key.ts';
import { ConfigFaults } from '../config.ts';
import { Fault } from '../core/fault.ts';
import { DatabaseInUseError } from '../db/database.ts';
import { NewerSchemaError } from '../db/migrate.ts';
import { CommandFault, UsageFault } from './command.ts';

/** Writes the sentence to standard error and returns the exit code: 2 for what was typed or set wrongly, else 1. */
export function explain(fault: unknown, usage: string): number {
  if (fault instanceof UsageFault) {
    process.stderr.write(`${fault.message}\nUsage: ostiary ${usage}\n`);
    return 2;
  }
  if (fault instanceof ConfigFaults) {
    const count = fault.faults.length;
    process.stderr.write(`${count === 1 ? 'One setting is' : `${count} settings are`} wrong:\n`);
    for (const line of fault.message.split('\n')) process.stderr.write(`  ${line}\n`);
    return 2;
  }
  process.stderr.write(`${sentenceOf(fault)}\n`);
  return 1;
}

function sentenceOf(fault: unknown): string {
  if (fault instanceof CommandFault || fault instanceof BlueprintFault) return fault.message;
  if (fault instanceof DatabaseInUseError) {
    return 'Another Ostiary is running on this data folder. Stop it first, or give OSTIARY_DATA_DIR another folder.';
  }
  if (fault instanceof WrongSecretKeyError) {
    return 'The secret key is not the one that this database was made with. Put the old OSTIARY_SECRET_KEY back; without it what is sealed cannot be read.';
  }
  if (fault instanceof NewerSchemaError) {
    return `This Ostiary is too old for its database: ${fault.message}. Start the newer one.`;
  }
  if (fault instanceof Fault) return fault.fields ? fieldSentences(fault.fields) : fault.message;
  return systemSentence(fault) ?? (fault instanceof Error ? (fault.stack ?? fault.message) : String(fault));
}

function fieldSentences(fields: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(fields)
    .flatMap(([name, sentences]) => sentences.map((each) => `${name}: ${each}`))
    .join('\n');
}

/** What the operating system or PostgreSQL refuses. */
function systemSentence(fault: unknown): string | undefined {
  const { code, port, address, syscall, path } = (fault ?? {}) as NodeJS.ErrnoException & {
    port?: number;
    address?: string;
  };
  if (syscall === 'listen' && code === 'EADDRINUSE') {
    return `Port ${port} of ${address} is in use by another program. Stop that one, or give OSTIARY_LISTEN__HTTP or OSTIARY_LISTEN__METRICS another port.`;
  }
  if (syscall === 'listen') return `Cannot listen on port ${port} of ${address} (${code}).`;
  if (syscall === 'connect' || (syscall === 'getaddrinfo' && code === 'ENOTFOUND')) {
    return `The database does not answer (${code}). Check OSTIARY_DATABASE_URL and that PostgreSQL is running.`;
  }
  if (code === '28P01' || code === '28000') return 'PostgreSQL refuses the user name or the password.';
  if (code === '3D000') return 'PostgreSQL has no database of this name.';
  if (path !== undefined) return `${path} cannot be used (${code}).`;
  return undefined;
}

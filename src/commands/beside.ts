/** For commands that work on the data themselves, also while a server runs on it. */
import { pino } from 'pino';
import { closeCore, makeCore } from '../app/core.ts';
import { firstStart } from '../app/first-start.ts';
import type { Blueprints } from '../blueprints/blueprints.ts';
import { type Config, loadConfig } from '../config.ts';
import type { Core } from '../core/core.ts';
import { makeExpressions } from '../expressions/expressions.ts';
import { type User, userByIdentifier } from '../core/users.ts';
import { CommandFault } from './command.ts';

/** What a command works with. */
export type Opened = { core: Core; config: Config; blueprints: Blueprints };

/** Opens the data that the environment names, does the work, and closes it again. */
export async function withCore<T>(work: (opened: Opened) => Promise<T>): Promise<T> {
  const { config, notices } = loadConfig(process.env);
  for (const notice of notices) process.stderr.write(`${notice}\n`);
  // Standard output belongs to the command's answer.
  const log = pino({ level: 'warn' }, pino.destination({ fd: 2, sync: true }));
  const core = await makeCore(config, log, { server: false });
  const expressions = makeExpressions();
  try {
    return await work({ core, config, blueprints: await firstStart(core, config, expressions) });
  } finally {
    await expressions.close();
    await closeCore(core);
  }
}

/** The person of this name. @throws CommandFault */
export async function findPerson(core: Core, username: string): Promise<User> {
  const user = await userByIdentifier(core.database, username, ['username']);
  if (!user) throw new CommandFault(`There is nobody called "${username}".`);
  return user;
}

import { recordEvent } from '../core/events.ts';
import { endSessions, sessionIdsOf } from '../core/sessions.ts';
import { setPasswordHash } from '../core/users.ts';
import { findPerson, withCore } from './beside.ts';
import { type Command, readWords } from './command.ts';
import { readPassword } from './password-prompt.ts';

export const userSetPassword: Command = {
  usage: 'user set-password NAME',
  help: `Gives a person a new password, which is asked for, or read from standard input when that is no terminal.
All their sessions end. A server on the same data may go on running.`,
  async run(words) {
    const [username = ''] = readWords(words, {}, ['NAME']).names;
    const isActive = await withCore(async ({ core }) => {
      const user = await findPerson(core, username);
      const passwordHash = await core.passwords.hash(await readPassword());
      await core.database.write(async (transaction) => {
        const at = core.now();
        await setPasswordHash(transaction, at, user.pk, passwordHash);
        // Whoever knew the old password may be signed in with it.
        await endSessions(transaction, at, await sessionIdsOf(transaction, user.pk));
        const { pk, email } = user;
        await recordEvent(transaction, at, {
          action: 'password_set',
          app: 'authentik.core',
          user: { pk, username: user.username, email },
          context: { command: 'user set-password' },
        });
      });
      return user.isActive;
    });
    process.stdout.write(`${username} has a new password.\n`);
    if (!isActive) process.stderr.write('The account is switched off, so nobody can sign in with it.\n');
    return 0;
  },
};

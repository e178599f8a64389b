import { makeRecoveryLink } from '../app/recovery.ts';
import { storedBaseUrl } from '../core/setup.ts';
import { parseDuration } from '../formats/duration.ts';
import { findPerson, withCore } from './beside.ts';
import { type Command, CommandFault, readWords, UsageFault } from './command.ts';
import { originOf } from './origin.ts';

export const recoveryLink: Command = {
  usage: 'recovery-link NAME [--lifetime DURATION]',
  help: `Prints a link that signs the person in once, without a password, to choose a new one.
Give it to nobody else. A server on the same data may go on running.

  --lifetime DURATION   How long the link works, such as minutes=30; hours=1 when left out.`,
  async run(words) {
    const { options, names } = readWords(words, { lifetime: { type: 'string', default: 'hours=1' } }, ['NAME']);
    const lifetimeMilliseconds = readLifetime(options.lifetime);
    const link = await withCore(async ({ core, config }) => {
      const user = await findPerson(core, names[0] ?? '');
      if (!user.isActive) throw new CommandFault('The account is switched off. Switch it on first.');
      const origin = config.baseUrl ?? (await storedBaseUrl(core)) ?? originOf(config.listenHttp);
      return makeRecoveryLink(core, { user, origin, lifetimeMilliseconds });
    });
    process.stdout.write(`${link}\n`);
    return 0;
  },
};

function readLifetime(text: string): number {
  try {
    const lifetime = parseDuration(text);
    if (lifetime > 0) return lifetime;
  } catch {
    // Told below, as for zero.
  }
  throw new UsageFault('--lifetime wants a duration such as minutes=30.');
}

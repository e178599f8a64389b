import type { Core } from '../core/core.ts';
import { recordEvent } from '../core/events.ts';
import { groupModel, userModel } from '../core/models/people.ts';
import { normalisedKey } from '../core/names.ts';
import { findObject, updateObject } from '../core/objects.ts';
import { makeAdministrator, markSetupDone } from '../core/setup.ts';
import { createUser, setPasswordHash, userByIdentifier } from '../core/users.ts';
import type { Queries } from '../db/database.ts';
import { withCore } from './beside.ts';
import { type Command, CommandFault, readWords } from './command.ts';
import { readPassword } from './password-prompt.ts';

const options = {
  email: { type: 'string' },
  name: { type: 'string' },
  superuser: { type: 'boolean' },
  group: { type: 'string', multiple: true },
} as const;

type Wanted = { username: string; email: string; name: string; superuser: boolean; groups: readonly string[] };

export const userCreate: Command = {
  usage: 'user create NAME [--email ADDRESS] [--name WORDS] [--group GROUP]… [--superuser]',
  help: `Makes a person. The password is asked for, or read from standard input when that is no terminal.
A server on the same data may go on running.

  --email ADDRESS   The mail address.
  --name WORDS      The name that others see; the user name when left out.
  --group GROUP     A group to put the person into; may be given several times.
  --superuser       The person may do everything.`,
  async run(words) {
    const { options: given, names } = readWords(words, options, ['NAME']);
    const [username = ''] = names;
    const wanted = {
      username,
      email: given.email ?? '',
      name: given.name ?? username,
      superuser: given.superuser ?? false,
      groups: given.group ?? [],
    };
    checkFields(wanted);
    await withCore(async ({ core }) => {
      if (await userByIdentifier(core.database, username, ['username'])) {
        throw new CommandFault(`There is somebody called "${username}" already.`);
      }
      const passwordHash = await core.passwords.hash(await readPassword());
      await core.database.write((transaction) => create(core, transaction, wanted, passwordHash));
    });
    process.stdout.write(`${username} was made and can sign in.\n`);
    return 0;
  },
};

/** The declaration knows what a field may hold. */
function checkFields(wanted: Wanted): void {
  const { username, email, name } = userModel.fields;
  const problems = [
    { field: 'NAME', result: username.schema().safeParse(wanted.username) },
    { field: '--email', result: email.schema().safeParse(wanted.email) },
    { field: '--name', result: name.schema().safeParse(wanted.name) },
  ].flatMap(({ field, result }) => (result.success ? [] : [`${field}: ${result.error.issues[0]?.message}`]));
  if (problems.length > 0) throw new CommandFault(problems.join('\n'));
}

async function create(core: Core, transaction: Queries, wanted: Wanted, passwordHash: string): Promise<void> {
  const { username, email, name } = wanted;
  const groups: string[] = [];
  for (const group of wanted.groups) {
    const found = await findObject(transaction, groupModel, { name_key: normalisedKey(group) });
    if (!found) throw new CommandFault(`There is no group "${group}".`);
    groups.push(found.id);
  }
  if (wanted.superuser) {
    // There is an administrator now, so the set-up page has nothing left to do.
    await markSetupDone(core, transaction);
    const { id, values } = await makeAdministrator(core, transaction, { username, email, passwordHash });
    await updateObject(core, transaction, userModel, id, { name, groups: [...new Set([...values.groups, ...groups])] });
    return;
  }
  const user = await createUser(core, transaction, { username, email, name, groups });
  const pk = user.pk as number;
  await setPasswordHash(transaction, core.now(), pk, passwordHash);
  await recordEvent(transaction, core.now(), {
    action: 'model_created',
    app: 'authentik.core',
    context: { model: { app: 'authentik_core', model_name: 'user', pk, name: username }, command: 'user create' },
  });
}

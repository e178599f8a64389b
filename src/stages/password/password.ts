import { choices, declare, flag, integer, optionalReference, text } from '../../core/declaration.ts';
import { recordEvent } from '../../core/events.ts';
import { normalisedKey } from '../../core/names.ts';
import { tokenByKey } from '../../core/tokens.ts';
import { passwordHashOf, setPasswordHash } from '../../core/users.ts';
import { countedAddress } from '../../http/addresses.ts';
import { ask, defineStage, type Effect, fieldError, type Outcome, type StageRun } from '../stage.ts';
import { passwordScreen } from './password.screen.ts';

const BUILT_IN = 'authentik.core.auth.InbuiltBackend';
const APP_PASSWORD = 'authentik.core.auth.TokenBackend';

const declaration = declare({
  model: 'authentik_stages_password.passwordstage',
  table: 'stages',
  kind: 'password',
  component: 'ak-stage-password-form',
  verboseName: 'Password Stage',
  verboseNamePlural: 'Password Stages',
  fields: {
    name: text({ min: 1, column: 'name', keyColumn: 'name_key' }),
    backends: choices(
      [
        BUILT_IN,
        APP_PASSWORD,
        'authentik.sources.ldap.auth.LDAPBackend',
        'authentik.sources.kerberos.auth.KerberosBackend',
      ],
      { help: 'Where passwords are checked.' },
    ),
    configure_flow: optionalReference('flows', { help: 'Where a person changes their password.' }),
    failed_attempts_before_cancel: integer({
      default: 5,
      min: 1,
      max: 1000,
      help: 'Wrong passwords for one account from one address within fifteen minutes, before more are refused.',
    }),
    allow_show_password: flag(false, { help: 'Offer to show what is typed.' }),
  },
});
type Run = StageRun<typeof declaration.fields>;

const WINDOW_MILLISECONDS = 15 * 60 * 1000;
/** Guesses from one address over all accounts, and for one account from all addresses. */
const PER_ADDRESS = 100;
const PER_ACCOUNT = 100;

/** Asks for the password of the pending person. */
export const password = defineStage({
  kind: 'password',
  path: 'stages/password',
  declaration,
  screen: passwordScreen as never,
  async challenge({ settings, context, pendingUser }) {
    const known = context.show_matched_user === true ? pendingUser : undefined;
    return ask({
      component: 'ak-stage-password',
      // For a name that nobody has, what was typed: the page must not tell who exists.
      pending_user: known?.username ?? context.pending_user_identifier ?? '',
      pending_user_avatar: '',
      allow_show_password: settings.allow_show_password,
    });
  },
  async respond(run, answer) {
    const typed = typeof answer.password === 'string' ? answer.password : '';
    if (typed === '') return { type: 'retry', errors: fieldError('password', 'This field may not be blank.', 'blank') };
    if (!(await mayGuess(run))) {
      return {
        type: 'retry',
        errors: fieldError('password', 'Too many attempts. Try again in a few minutes.', 'throttled'),
        effect: failed(run, 'too many attempts'),
      };
    }
    const verified = await verify(run, typed);
    const { pendingUser, core, request } = run;
    if (!verified || !pendingUser?.isActive) {
      return {
        type: 'retry',
        errors: fieldError('password', 'Invalid password'),
        effect: failed(run, 'wrong password'),
      };
    }
    await forgive(run);
    const methods = [...(run.context.authentication_methods ?? []), 'pwd'];
    const context = {
      authentication_methods: methods,
      auth_method: verified.method,
      auth_method_args: {},
      pending_user_unproven: undefined,
    };
    const next: Outcome = { type: 'next', context };
    if (!verified.newHash) return next;
    const { newHash } = verified;
    core.log.info({ user: pendingUser.pk, request_id: request.requestId }, 'a password hash was renewed');
    return {
      ...next,
      effect: async (transaction) => {
        await setPasswordHash(transaction, core.now(), pendingUser.pk, newHash);
        return undefined;
      },
    };
  },
});

const accountOf = ({ pendingUser, context }: Run): string =>
  pendingUser ? `user ${pendingUser.pk}` : `nobody ${normalisedKey(String(context.pending_user_identifier))}`;
/** What guesses are counted under: one account from one address, all of one address, all of one account. */
const guessesOf = (run: Run): string => `password ${accountOf(run)} ${countedAddress(run.request.clientAddress)}`;
const addressOf = (run: Run): string => `password address ${countedAddress(run.request.clientAddress)}`;
const guessedOf = (run: Run): string => `password ${accountOf(run)}`;

/** Counts before the hash is computed, in one step, so that concurrent guesses do not slip through together. */
async function mayGuess(run: Run): Promise<boolean> {
  const { attempts } = run.core;
  const limit = run.settings.failed_attempts_before_cancel;
  // A refused guess counts no further: otherwise one address could lock an account for all others.
  if (!(await attempts.count(guessesOf(run), limit, WINDOW_MILLISECONDS))) return false;
  const counts = await Promise.all([
    attempts.count(addressOf(run), PER_ADDRESS, WINDOW_MILLISECONDS),
    attempts.count(guessedOf(run), PER_ACCOUNT, WINDOW_MILLISECONDS),
  ]);
  return counts.every(Boolean);
}

/** After the right password. The wrong ones of the same address or account stay counted, whoever made them. */
async function forgive(run: Run): Promise<void> {
  const { attempts } = run.core;
  await Promise.all([
    attempts.clear(guessesOf(run)),
    attempts.giveBack(addressOf(run)),
    attempts.giveBack(guessedOf(run)),
  ]);
}

async function verify(run: Run, typed: string): Promise<{ method: string; newHash?: string } | undefined> {
  const { core, pendingUser, settings } = run;
  if (settings.backends.includes(BUILT_IN)) {
    // Looked for also where there is nobody, so that time tells nothing.
    const stored = await passwordHashOf(core.database.read, pendingUser?.pk ?? 0);
    const verdict = await core.passwords.verify(typed, stored ?? undefined);
    if (verdict.valid) {
      return { method: 'password', ...(verdict.needsRehash && { newHash: await core.passwords.hash(typed) }) };
    }
  }
  if (settings.backends.includes(APP_PASSWORD)) {
    const token = await tokenByKey(core.database.read, core.now(), typed, 'app_password');
    if (token && token.user.pk === pendingUser?.pk) return { method: 'app_password' };
  }
  return undefined;
}

function failed(run: Run, reason: string): Effect {
  const { core, request, pendingUser, context, stageId } = run;
  return async (transaction) => {
    await recordEvent(transaction, core.now(), {
      action: 'login_failed',
      app: 'authentik.stages.password',
      user: pendingUser && { pk: pendingUser.pk, username: pendingUser.username, email: pendingUser.email },
      clientAddress: request.clientAddress,
      context: { username: context.pending_user_identifier ?? '', reason, stage: stageId },
    });
    return undefined;
  };
}

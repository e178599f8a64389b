import { choices, declare, flag, optionalReference, text, texts } from '../../core/declaration.ts';
import { recordEvent } from '../../core/events.ts';
import { type IdentifierField, userByIdentifier, userByPk } from '../../core/users.ts';
import { ask, defineStage, fieldError, type Outcome, type RunContext, type StageRun } from '../stage.ts';
import { identificationScreen } from './identification.screen.ts';
import type { IdentificationChallenge } from './identification.wire.ts';

const declaration = declare({
  model: 'authentik_stages_identification.identificationstage',
  table: 'stages',
  kind: 'identification',
  component: 'ak-stage-identification-form',
  verboseName: 'Identification Stage',
  verboseNamePlural: 'Identification Stages',
  fields: {
    name: text({ min: 1, column: 'name', keyColumn: 'name_key' }),
    user_fields: choices(['email', 'username', 'upn'], {
      default: () => [],
      help: 'What people may name themselves by.',
    }),
    password_stage: optionalReference('stages', { help: 'Asks for the password on the same page.' }),
    captcha_stage: optionalReference('stages'),
    webauthn_stage: optionalReference('stages'),
    case_insensitive_matching: flag(true, { help: 'Upper and lower case make no difference.' }),
    show_matched_user: flag(true, { help: 'Show the name and picture of the person who was found.' }),
    enrollment_flow: optionalReference('flows', { help: 'Where new people make an account.' }),
    recovery_flow: optionalReference('flows', { help: 'Where people go who have forgotten their password.' }),
    passwordless_flow: optionalReference('flows'),
    sources: texts({ help: 'Other ways to sign in, offered as buttons.' }),
    show_source_labels: flag(false),
    pretend_user_exists: flag(true, { help: 'Go on for names that nobody has, so that nobody learns who exists.' }),
    enable_remember_me: flag(false, { help: 'Offer to keep the name in this browser.' }),
  },
});
type Run = StageRun<typeof declaration.fields>;

/** Asks who somebody is, and optionally for the password on the same page. */
export const identification = defineStage({
  kind: 'identification',
  path: 'stages/identification',
  declaration,
  screen: identificationScreen as never,
  async challenge(run) {
    const { settings, context } = run;
    const password = await passwordStage(run);
    const challenge: IdentificationChallenge = {
      component: 'ak-stage-identification',
      user_fields: settings.user_fields,
      pending_user_identifier: context.pending_user_identifier ?? null,
      password_fields: password !== undefined,
      allow_show_password: password?.run.settings.allow_show_password === true,
      ...(typeof context.application_name === 'string' && { application_pre: context.application_name }),
      ...(typeof context.application_launch_url === 'string' && {
        application_pre_launch: context.application_launch_url,
      }),
      flow_designation: run.flow.designation as IdentificationChallenge['flow_designation'],
      captcha_stage: null,
      ...(await links(run)),
      primary_action: run.flow.designation === 'recovery' ? 'Continue' : 'Log in',
      sources: [],
      show_source_labels: settings.show_source_labels,
      enable_remember_me: settings.enable_remember_me,
      passkey_challenge: null,
    };
    return ask(challenge);
  },
  async respond(run, answer) {
    const typed = typeof answer.uid_field === 'string' ? answer.uid_field.trim() : '';
    if (typed === '')
      return { type: 'retry', errors: fieldError('uid_field', 'This field may not be blank.', 'blank') };
    if (typed.length > 254)
      return { type: 'retry', errors: fieldError('uid_field', 'This is too long.', 'max_length') };
    const { settings, core } = run;
    const fields = settings.user_fields as IdentifierField[];
    const found = await userByIdentifier(core.database, typed, fields, !settings.case_insensitive_matching);
    const password = await passwordStage(run);
    const context = {
      ...(found?.pk !== run.context.pending_user && nothingProven(found !== undefined && !isSelf(run, found.pk))),
      pending_user_identifier: typed,
      // Also when there is nobody: the person of an answer before must not stay.
      pending_user: found?.pk,
      // The matched name differs from what was typed, so showing it tells who exists.
      show_matched_user: settings.show_matched_user && !settings.pretend_user_exists,
    };
    if (password) return withPassword(run, password, context, answer);
    if (!found && !settings.pretend_user_exists) return nobody(run, typed);
    return { type: 'next', context };
  },
});

/** What somebody proved of themselves does not count for whom they name next. */
const nothingProven = (unproven: boolean): Partial<RunContext> => ({
  authentication_methods: undefined,
  auth_method: undefined,
  auth_method_args: undefined,
  // In any flow: naming somebody must never be enough to be signed in as them or to change their account.
  pending_user_unproven: unproven || undefined,
});

const isSelf = ({ request }: Run, pk: number): boolean => request.session?.user.pk === pk;

type PasswordStage = NonNullable<Awaited<ReturnType<Run['otherStage']>>>;

async function passwordStage(run: Run): Promise<PasswordStage | undefined> {
  const id = run.settings.password_stage;
  const other = id === null ? undefined : await run.otherStage(id);
  return other?.stage.respond ? other : undefined;
}

/** The password stage judges its own answer; here it only sits on the same page. */
async function withPassword(
  run: Run,
  { stage, run: passwordRun }: PasswordStage,
  context: Partial<RunContext>,
  answer: Record<string, unknown>,
): Promise<Outcome> {
  const { pending_user } = context;
  const pendingUser =
    typeof pending_user === 'number' ? await userByPk(run.core.database.read, pending_user) : undefined;
  const outcome = await stage.respond?.(
    { ...passwordRun, context: { ...run.context, ...context }, pendingUser },
    answer,
  );
  if (!outcome) throw new Error('the password stage does not answer');
  return outcome.type === 'next' ? { ...outcome, context: { ...context, ...outcome.context } } : outcome;
}

function nobody(run: Run, typed: string): Outcome {
  const { core, request } = run;
  return {
    type: 'retry',
    errors: fieldError('non_field_errors', 'Failed to authenticate.'),
    effect: async (transaction) => {
      await recordEvent(transaction, core.now(), {
        action: 'login_failed',
        app: 'authentik.stages.identification',
        clientAddress: request.clientAddress,
        context: { username: typed, reason: 'unknown name' },
      });
      return undefined;
    },
  };
}

async function links(run: Run): Promise<Partial<IdentificationChallenge>> {
  const { enrollment_flow, recovery_flow, passwordless_flow } = run.settings;
  const url = async (id: string | null): Promise<string | undefined> => (id === null ? undefined : run.flowUrl(id));
  const [enroll_url, recovery_url, passwordless_url] = await Promise.all(
    [enrollment_flow, recovery_flow, passwordless_flow].map(url),
  );
  return {
    ...(enroll_url && { enroll_url }),
    ...(recovery_url && { recovery_url }),
    ...(passwordless_url && { passwordless_url }),
  };
}

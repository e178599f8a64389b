/**
 * Asks a person whether an application may see what it asks for, and remembers what they allowed. Owns consents.
 * Does not own what an application asks for, nor what it is given: that is the protocol's.
 *
 * Reads from the run: `application` (its identifier), `application_name`, `consent_header`, `permissions` as
 * `[{ id, name }]`, and `consent_required`, which asks whatever was allowed before (OpenID Connect Core, 3.1.2.1).
 */
import { choice, declare, duration, text } from '../../core/declaration.ts';
import { parseDuration } from '../../formats/duration.ts';
import { ask, type Challenge, defineStage, fieldError, type StageRun } from '../stage.ts';
import { consentScreen } from './consent.screen.ts';
import { allow, allowedBefore, type Parties } from './consent.store.ts';
import type { ConsentPermission } from './consent.wire.ts';

const declaration = declare({
  model: 'authentik_stages_consent.consentstage',
  table: 'stages',
  kind: 'consent',
  component: 'ak-stage-consent-form',
  verboseName: 'Consent Stage',
  verboseNamePlural: 'Consent Stages',
  fields: {
    name: text({ min: 1, column: 'name', keyColumn: 'name_key' }),
    mode: choice(['always_require', 'permanent', 'expiring'], {
      default: 'always_require',
      help: 'Whether consent is asked for every time, once, or again after a while.',
    }),
    consent_expire_in: duration('weeks=4', { help: 'How long consent holds when it expires.' }),
  },
});
type Run = StageRun<typeof declaration.fields>;

const PURPOSE = 'consent';
const SCREEN_LIFETIME_MILLISECONDS = 60 * 60 * 1000;

/** Asks for consent to what has not been allowed yet. */
export const consent = defineStage({
  kind: 'consent',
  path: 'stages/consent',
  declaration,
  screen: consentScreen as never,
  async challenge(run) {
    const { settings, context, core } = run;
    const permissions = permissionsOf(run);
    const parties = partiesOf(run);
    const mayRemember = parties && settings.mode !== 'always_require';
    const before = mayRemember ? await allowedBefore(core.database.read, core.now(), parties) : undefined;
    const more = permissions.filter(({ id }) => !before?.has(id));
    if (before && more.length === 0 && context.consent_required !== true) return { type: 'next' };
    // Only what is new is set apart; when all of it is new, or all is asked for again, there is one list.
    const isPartly = before !== undefined && more.length > 0;
    return ask(
      challengeOf(
        run,
        isPartly
          ? { permissions: permissions.filter((each) => !more.includes(each)), more }
          : { permissions, more: [] },
      ),
    );
  },
  async respond(run, answer) {
    const { core, settings } = run;
    const token = typeof answer.token === 'string' ? answer.token : '';
    const opened = core.sealer.openToken(token, { purpose: PURPOSE, boundTo: screenOf(run), now: core.now() });
    if (opened === undefined) {
      return { type: 'retry', errors: fieldError('token', 'This page had changed. Please read it again.') };
    }
    const parties = partiesOf(run);
    if (!parties || settings.mode === 'always_require') return { type: 'next' };
    const expiresAt = settings.mode === 'permanent' ? null : core.now() + parseDuration(settings.consent_expire_in);
    const ids = permissionsOf(run).map(({ id }) => id);
    return {
      type: 'next',
      effect: async (transaction) => {
        await allow(core, transaction, parties, ids, expiresAt);
        return undefined;
      },
    };
  },
});

function challengeOf(
  run: Run,
  { permissions, more }: { permissions: ConsentPermission[]; more: ConsentPermission[] },
): Challenge {
  const { context, core } = run;
  const { consent_header, application_name } = context;
  const name = typeof application_name === 'string' ? application_name : '';
  return {
    component: 'ak-stage-consent',
    pending_user: personOf(run)?.username ?? '',
    pending_user_avatar: '',
    header_text:
      typeof consent_header === 'string' ? consent_header : name && `${name} asks for access to your account.`,
    permissions,
    additional_permissions: more,
    token: core.sealer.sealToken(true, {
      purpose: PURPOSE,
      boundTo: screenOf(run),
      expiresAt: core.now() + SCREEN_LIFETIME_MILLISECONDS,
    }),
  };
}

const personOf = ({ pendingUser, request }: Run): Run['pendingUser'] => pendingUser ?? request.session?.user;

/** Undefined when there is nobody, or nothing to enter: then the question is asked and its answer not kept. */
function partiesOf(run: Run): Parties | undefined {
  const { application } = run.context;
  const userPk = personOf(run)?.pk;
  return typeof application === 'string' && userPk !== undefined ? { userPk, application } : undefined;
}

function permissionsOf({ context }: Run): ConsentPermission[] {
  const asked = Array.isArray(context.permissions) ? context.permissions : [];
  const permissions = new Map<string, ConsentPermission>();
  for (const each of asked) {
    if (typeof each !== 'object' || each === null || Array.isArray(each) || typeof each.id !== 'string') continue;
    permissions.set(each.id, { id: each.id, name: typeof each.name === 'string' ? each.name : each.id });
  }
  return [...permissions.values()];
}

/** What was on the screen, for whom and in which browser: a token of another one is no consent to this one. */
function screenOf(run: Run): string {
  const { stageId, context, request } = run;
  const ids = permissionsOf(run).map(({ id, name }) => [id, name]);
  const session = request.session?.id ?? '';
  return JSON.stringify([stageId, session, personOf(run)?.pk ?? 0, context.application ?? '', ids]);
}

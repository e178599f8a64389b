import { isIP } from 'node:net';
import { choice, declare, duration, flag, text } from '../../core/declaration.ts';
import { recordEvent } from '../../core/events.ts';
import { createSession, endSessions, sessionIdsOf } from '../../core/sessions.ts';
import { noteLogin } from '../../core/users.ts';
import { parseDuration } from '../../formats/duration.ts';
import { ask, defineStage, type Effect, fieldError, type Outcome, type StageRun } from '../stage.ts';
import { userLoginScreen } from './user-login.screen.ts';

const declaration = declare({
  model: 'authentik_stages_user_login.userloginstage',
  table: 'stages',
  kind: 'user-login',
  component: 'ak-stage-user-login-form',
  verboseName: 'User Login Stage',
  verboseNamePlural: 'User Login Stages',
  fields: {
    name: text({ min: 1, column: 'name', keyColumn: 'name_key' }),
    session_duration: duration('seconds=0', { help: 'How long a session lasts; zero until the browser is closed.' }),
    terminate_other_sessions: flag(false, { help: 'End all other sessions of the person.' }),
    remember_me_offset: duration('seconds=0', { help: 'When not zero, people may choose to stay this much longer.' }),
    network_binding: choice(['no_binding', 'bind_asn', 'bind_asn_network', 'bind_asn_network_ip'], {
      default: 'no_binding',
      help: 'Bind the session to the network it began in. Without a database of networks, to the address or its neighbours.',
    }),
    geoip_binding: choice(['no_binding', 'bind_continent', 'bind_continent_country', 'bind_continent_country_city'], {
      default: 'no_binding',
    }),
    remember_device: duration('days=30'),
  },
});
type Run = StageRun<typeof declaration.fields>;

/** A session of a browser that is open for this long without a set duration ends by itself. */
const LONGEST_BROWSER_SESSION = 24 * 3600 * 1000;

/** Signs the pending person in. */
export const userLogin = defineStage({
  kind: 'user-login',
  path: 'stages/user_login',
  declaration,
  screen: userLoginScreen as never,
  async challenge(run) {
    if (run.pendingUser && parseDuration(run.settings.remember_me_offset) > 0) {
      return ask({ component: 'ak-stage-user-login', pending_user: run.pendingUser.username, pending_user_avatar: '' });
    }
    return signIn(run, false);
  },
  async respond(run, answer) {
    const remember = REMEMBER.get(answer.remember_me);
    if (remember === undefined) {
      return { type: 'retry', errors: fieldError('remember_me', 'This field is required.', 'required') };
    }
    return signIn(run, remember);
  },
});

/** A boolean in JSON, text in a form. */
const REMEMBER: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  [false, false],
  ['true', true],
  ['on', true],
  ['false', false],
]);

function signIn(run: Run, remember: boolean): Outcome {
  const { pendingUser } = run;
  // Nobody is signed in who has proven nothing: neither in this flow nor by the session that began it.
  const { authentication_methods: methods = [], pending_user_unproven: unproven } = run.context;
  const hasProof = unproven !== true && (methods.length > 0 || run.flow.designation !== 'authentication');
  if (!pendingUser?.isActive || !hasProof) return { type: 'deny', message: 'You could not be signed in.' };
  return { type: 'next', effect: effect(run, pendingUser, remember) };
}

function effect(run: Run, user: NonNullable<Run['pendingUser']>, remember: boolean): Effect {
  const { core, request, settings, context } = run;
  const chosen = parseDuration(settings.session_duration);
  const extra = remember ? parseDuration(settings.remember_me_offset) : 0;
  const lifetimeMilliseconds = (chosen || LONGEST_BROWSER_SESSION) + extra;
  const { pk, username, email } = user;
  return async (transaction) => {
    const at = core.now();
    // The browser's session before this one is replaced, whoever it belonged to.
    const ended = request.session ? [request.session.id] : [];
    if (settings.terminate_other_sessions) ended.push(...(await sessionIdsOf(transaction, pk)));
    await endSessions(transaction, at, ended);
    const { token } = await createSession(transaction, at, {
      userPk: pk,
      lifetimeMilliseconds,
      methods: context.authentication_methods ?? [],
      address: request.clientAddress,
      userAgent: request.userAgent,
      binding: networkOf(settings.network_binding, request.clientAddress),
    });
    await noteLogin(transaction, at, pk);
    await recordEvent(transaction, at, {
      action: 'login',
      app: 'authentik.stages.user_login',
      user: { pk, username, email },
      clientAddress: request.clientAddress,
      context: { auth_method: context.auth_method ?? '', auth_method_args: context.auth_method_args ?? {} },
    });
    return { session: { token, persistent: chosen > 0 || extra > 0, lifetimeMilliseconds } };
  };
}

const PREFIX = { bind_asn: [16, 32], bind_asn_network: [24, 48], bind_asn_network_ip: [32, 128] } as const;

function networkOf(binding: string, address: string): { network?: string } {
  const family = isIP(address);
  if (!(binding in PREFIX) || family === 0) return {};
  const prefix = PREFIX[binding as keyof typeof PREFIX][family === 6 ? 1 : 0];
  return { network: `${address}/${prefix}` };
}

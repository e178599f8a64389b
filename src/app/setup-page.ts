/** The set-up page: makes the first administrator, once. */
import { isIP } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { bumpConfiguration } from '../core/configuration.ts';
import type { Core } from '../core/core.ts';
import { longestPassword } from '../core/crypto/passwords.ts';
import { forbidden, fromAnotherSite, notFound } from '../core/fault.ts';
import { createSession } from '../core/sessions.ts';
import { completeSetup, maySetUp, setupState } from '../core/setup.ts';
import { tellBrowser } from '../flow/browser.ts';
import { frame } from '../flow/frame.ts';
import type { FlowPages } from '../flow/pages.ts';
import { crossSiteRefusal } from '../http/cross-site.ts';
import { formParameters, onlyValue, queryParameters } from '../http/parameters.ts';
import { promptScreen } from '../stages/prompt/prompt.screen.ts';
import type { PromptField } from '../stages/prompt/prompt.wire.ts';
import type { AnswerErrors } from '../stages/stage.ts';
import type { Screen } from '../web/kit/screen.ts';

/** Where it is, as in authentik. */
export const SETUP_PATH = '/if/flow/initial-setup/';
const SESSION_MILLISECONDS = 24 * 3600 * 1000;
const SHORTEST_PASSWORD = 8;

type Typed = { email: string; base_url: string; password: string; password_repeat: string };

/** Adds the page. It is not there once set-up is done, nor for visitors who may not set up. */
export function mountSetup(server: FastifyInstance, core: Core, pages: FlowPages): void {
  server.get('/setup', async (_request, reply) => reply.redirect(SETUP_PATH, 302));
  server.get(SETUP_PATH, async (request, reply) => {
    const token = onlyValue(queryParameters(request), 'token');
    await requireVisitor(core, request, token);
    return show(pages, request, reply, token, { base_url: core.baseUrl ?? request.requestOrigin.origin });
  });
  server.post(SETUP_PATH, async (request, reply) => {
    if (crossSiteRefusal(request, request.requestOrigin.origin)) throw fromAnotherSite();
    const form = formParameters(request);
    const token = onlyValue(form, 'token');
    await requireVisitor(core, request, token);
    const typed: Typed = {
      email: (onlyValue(form, 'email') ?? '').trim(),
      base_url: (onlyValue(form, 'base_url') ?? '').trim().replace(/\/+$/, ''),
      password: onlyValue(form, 'password') ?? '',
      password_repeat: onlyValue(form, 'password_repeat') ?? '',
    };
    const errors = faultsOf(typed, core.baseUrl !== undefined);
    if (errors) return show(pages, request, reply, token, typed, errors);
    const passwordHash = await core.passwords.hash(typed.password);
    const baseUrl = core.baseUrl === undefined ? typed.base_url : undefined;
    const { userPk } = await completeSetup(core, { email: typed.email, passwordHash, baseUrl });
    const session = await core.database.write(async (transaction) => {
      await bumpConfiguration(core.database, transaction);
      return createSession(transaction, core.now(), {
        userPk,
        lifetimeMilliseconds: SESSION_MILLISECONDS,
        methods: ['pwd'],
        address: request.requestOrigin.clientAddress,
        userAgent: request.headers['user-agent'] ?? '',
        binding: {},
      });
    });
    core.configuration.clear();
    core.log.info({ address: request.requestOrigin.clientAddress }, 'set-up is done');
    const lifetimeMilliseconds = SESSION_MILLISECONDS;
    tellBrowser(request, reply, { session: { token: session.token, persistent: false, lifetimeMilliseconds } });
    return reply.redirect('/', 303);
  });
}

async function requireVisitor(core: Core, request: FastifyRequest, token: string | undefined): Promise<void> {
  if ((await setupState(core)) === 'done') throw notFound();
  const { clientAddress } = request.requestOrigin;
  const visitor = {
    clientAddress,
    token,
    behindUnknownProxy: isForwardedUnknown(request) || mayBeRebound(core, request),
  };
  if (!(await maySetUp(core, visitor))) {
    throw forbidden('Set-up is not open to this address. Use the link that the server printed when it started.');
  }
}

const FORWARDING = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded', 'via', 'x-real-ip'];

/** Whether a proxy stands between that is not trusted, or that does not say for whom: then the address says nothing. */
function isForwardedUnknown({ headers, requestOrigin }: FastifyRequest): boolean {
  const isForwarded = FORWARDING.some((name) => headers[name] !== undefined);
  return isForwarded && !(requestOrigin.viaProxy && headers['x-forwarded-for'] !== undefined);
}

/**
 * Whether the Host is a public name that the operator has not set. Such a name may belong to another site, whose page
 * lets its own name point at this machine and so reaches us through the browser of somebody in here (DNS rebinding).
 * That page can write `X-Forwarded-For` itself, so a proxy that seems to stand between vouches for nothing here.
 */
function mayBeRebound({ baseUrl }: Core, { requestOrigin: { host } }: FastifyRequest): boolean {
  if (baseUrl !== undefined && new URL(baseUrl).host === host) return false;
  const name = host.replace(/:\d+$/, '');
  const isOurs = isIP(name.replace(/^\[|\]$/g, '')) !== 0 || !name.includes('.') || PRIVATE_NAME.test(name);
  return !isOurs;
}

/** Names that nobody can register: RFC 6761, RFC 6762, RFC 8375, and `internal`. */
const PRIVATE_NAME = /\.(?:localhost|local|internal|lan|home\.arpa)$/;

function faultsOf(typed: Typed, hasBaseUrl: boolean): AnswerErrors | undefined {
  const faults: Record<string, { string: string; code: string }[]> = {};
  const fault = (name: string, string: string): void => {
    faults[name] = [{ string, code: 'invalid' }];
  };
  if (!/^[^\s@]+@[^\s@]+$/.test(typed.email) || typed.email.length > 254) fault('email', 'Enter a mail address.');
  if (!hasBaseUrl && !isOrigin(typed.base_url)) fault('base_url', 'Enter an address such as https://id.example.com.');
  if (typed.password.length < SHORTEST_PASSWORD) fault('password', `Use at least ${SHORTEST_PASSWORD} characters.`);
  else if (Buffer.byteLength(typed.password) > longestPassword) fault('password', 'This password is too long.');
  else if (typed.password !== typed.password_repeat) fault('password_repeat', 'The passwords are not the same.');
  return Object.keys(faults).length > 0 ? faults : undefined;
}

function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return (url.protocol === 'http:' || url.protocol === 'https:') && url.origin === text.toLowerCase();
}

async function show(
  pages: FlowPages,
  request: FastifyRequest,
  reply: FastifyReply,
  token: string | undefined,
  typed: Partial<Typed>,
  errors?: AnswerErrors,
): Promise<FastifyReply> {
  const { email = '', base_url = '' } = typed;
  const challenge = {
    component: 'ak-stage-prompt',
    fields: [
      field('text', 'static', '', 0, 'Make the account of the administrator. Its name is akadmin.'),
      { ...field('email', 'email', 'Your mail address', 1), initial_value: email },
      {
        ...field('base_url', 'text', 'Address of this server', 2, 'Under which people and applications reach it.'),
        initial_value: base_url,
      },
      field('password', 'password', 'Password', 3, `At least ${SHORTEST_PASSWORD} characters.`),
      field('password_repeat', 'password', 'Password, once more', 4),
    ],
  };
  const framed = frame(undefined, challenge, SETUP_PATH, errors);
  const html = await pages.draw(request, reply, {
    challenge: { ...framed, flow_info: { ...framed.flow_info, title: 'Welcome to Ostiary' } },
    screen: promptScreen as unknown as Screen<{ component: string }>,
    formAction: SETUP_PATH,
    hiddenFields: token === undefined ? {} : { token },
    typed: { email, base_url },
  });
  return reply.type('text/html; charset=utf-8').send(html);
}

function field(key: string, type: PromptField['type'], label: string, order: number, subText = ''): PromptField {
  return {
    field_key: key,
    label,
    type,
    required: type !== 'static',
    placeholder: '',
    initial_value: type === 'static' ? subText : '',
    order,
    sub_text: type === 'static' ? '' : subText,
    choices: null,
  };
}

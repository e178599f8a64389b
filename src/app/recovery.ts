/**
 * Recovery links: an address that signs a person in once, to choose a new password. Mail programs and previews open
 * links by themselves, so looking only asks, and the button does it.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Core } from '../core/core.ts';
import { randomAlphanumeric } from '../core/crypto/tokens.ts';
import { Fault, fromAnotherSite } from '../core/fault.ts';
import { createToken } from '../core/tokens.ts';
import type { User } from '../core/users.ts';
import { tellBrowser } from '../flow/browser.ts';
import type { Flow } from '../flow/door.ts';
import { frame } from '../flow/frame.ts';
import type { FlowPages } from '../flow/pages.ts';
import { crossSiteRefusal } from '../http/cross-site.ts';
import { hasFlow, personOfLink, signInByLink } from './recovery.store.ts';

const PATH = '/recovery/use-token/';
const PASSWORD_CHANGE = 'default-password-change';
/** Long enough to choose a password. */
const SESSION_MILLISECONDS = 3600 * 1000;
const KEY = /^[\w-]{16,255}$/;

/** What a link is made of. `origin` is the one that the person's browser will use. */
export type WantedLink = { user: Pick<User, 'pk'>; origin: string; lifetimeMilliseconds: number };

/** Makes a link that works once, within its lifetime. Whoever has it is the person, so it is shown only once. */
export async function makeRecoveryLink(core: Core, wanted: WantedLink): Promise<string> {
  const { key } = await core.database.write((transaction) =>
    createToken(core, transaction, {
      identifier: `recovery-${randomAlphanumeric(20)}`,
      user: wanted.user.pk,
      intent: 'recovery',
      description: 'Recovery link',
      expires: new Date(core.now() + wanted.lifetimeMilliseconds).toISOString(),
      expiring: true,
    }),
  );
  return `${wanted.origin}${PATH}${key}/`;
}

/** Adds the page behind the links. */
export function mountRecovery(server: FastifyInstance, core: Core, flow: Flow, pages: FlowPages): void {
  type Route = { Params: { key: string } };
  server.get<Route>(`${PATH}:key/`, async (request, reply) => {
    const key = keyOf(request);
    const user = await personOfLink(core, key);
    if (!user) throw gone();
    const challenge = {
      component: 'ostiary-flow-confirm',
      flow_designation: 'recovery',
      pending_user: user.username,
      pending_user_avatar: '',
    };
    const framed = frame(undefined, challenge, '/');
    const html = await pages.draw(request, reply, {
      challenge: { ...framed, flow_info: { ...framed.flow_info, title: 'Choose a new password' } },
      screen: undefined,
      formAction: `${PATH}${key}/`,
      hiddenFields: {},
    });
    return reply.type('text/html; charset=utf-8').send(html);
  });
  server.post<Route>(`${PATH}:key/`, async (request, reply) => {
    if (crossSiteRefusal(request, request.requestOrigin.origin)) {
      throw fromAnotherSite();
    }
    const lifetimeMilliseconds = SESSION_MILLISECONDS;
    const { clientAddress, userAgent, session: before } = await flow.facts(request);
    const visitor = { clientAddress, userAgent, sessionId: before?.id, lifetimeMilliseconds };
    const session = await signInByLink(core, keyOf(request), visitor);
    if (!session) throw gone();
    tellBrowser(request, reply, { session: { token: session.token, persistent: false, lifetimeMilliseconds } });
    return reply.redirect((await hasFlow(core, PASSWORD_CHANGE)) ? `/if/flow/${PASSWORD_CHANGE}/` : '/', 303);
  });
}

function keyOf(request: FastifyRequest<{ Params: { key: string } }>): string {
  const { key } = request.params;
  if (!KEY.test(key)) throw gone();
  return key;
}

/** The same words for a link that never was, so that they tell nothing. */
const gone = (): Fault =>
  new Fault('recovery_link_gone', 'This link was used already, or has expired. Ask for a new one.', { status: 410 });

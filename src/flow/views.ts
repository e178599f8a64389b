/** What a visit looks like as a challenge. The same for people and programs. */
import type { FastifyRequest } from 'fastify';
import { brandOfHost } from '../core/brands.ts';
import type { Challenge } from '../stages/stage.ts';
import { CONFIRM } from './engine.ts';
import type { FlowContext } from './flow.ts';
import type { Visit } from './visits.ts';

/** The picture of somebody without one: their initials, drawn by the pages. */
export const NO_AVATAR = '';

/** The challenge that a position asks. */
export function challengeOf(visit: Visit & { type: 'position' }): Challenge {
  const { position, flow } = visit;
  if (position.type === 'challenge') return position.challenge;
  const user = position.request.session?.user;
  return {
    component: CONFIRM,
    flow_designation: flow.values.designation,
    ...(user && { pending_user: user.username, pending_user_avatar: NO_AVATAR }),
  };
}

/** The refusal as a challenge, or where to go instead when the flow says so. */
export function denialOf(visit: Visit & { type: 'denied' }, username: string): Challenge | { to: string } {
  const { denied_action } = visit.flow.values;
  if (denied_action === 'continue') return { to: visit.next ?? '/' };
  return {
    component: 'ak-stage-access-denied',
    pending_user: username,
    pending_user_avatar: NO_AVATAR,
    error_message: visit.message,
  };
}

/** The names that a flow's title may mention. */
export async function titleNames(
  { engine }: FlowContext,
  request: FastifyRequest,
  visit: Visit & { type: 'position' },
): Promise<{ app: string; user: string }> {
  const brand = await brandOfHost(engine.core, request.requestOrigin.host);
  const { context } = visit.position.run.state;
  return {
    app: typeof context.application_name === 'string' ? context.application_name : (brand?.values.branding_title ?? ''),
    user: visit.position.request.session?.user.name ?? '',
  };
}

/** Tells a refusal that is shown from one that leads elsewhere. */
export const isChallenge = (denial: Challenge | { to: string }): denial is Challenge => 'component' in denial;

/**
 * The flow room: plans, runs and shows flows. Owns the pages `/if/flow/…`, the executor `/api/v3/flows/executor/…`
 * and the redirects `/flows/-/…`. Does not own what the stages ask or what the protocols give.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { brandOfHost } from '../core/brands.ts';
import { recordEvent } from '../core/events.ts';
import { endSessions, noteSessionUse } from '../core/sessions.ts';
import { sessionCookie, clearCookie } from '../http/cookies.ts';
import type { Protocol, ProtocolServices } from '../protocols/protocol.ts';
import type { RequestFacts } from '../stages/stage.ts';
import { nameBrowser, readFacts } from './browser.ts';
import { mountCancel } from './cancel.ts';
import type { Flow } from './door.ts';
import { type Engine, flowPath, look } from './engine.ts';
import { mountExecutor } from './executor.ts';
import { frame } from './frame.ts';
import { mountFlowPages } from './interface.ts';
import type { FlowPages } from './pages.ts';
import { planRun } from './plan.ts';
import { firstFlowOf, flowSlug } from './plan.store.ts';
import { sealTicket } from './run.ts';
import { mountShortcuts } from './shortcuts.ts';
import type { Finishers } from './visits.ts';

/** The door, with what only the composition root needs. */
export type FlowRoom = Flow & {
  mount(server: FastifyInstance): void;
  /** Tells the flow who finishes the runs that protocols start. */
  connect(services: ProtocolServices, protocols: Readonly<Record<string, Protocol>>): void;
};

/** What the flow room keeps while it runs. */
export type FlowContext = { engine: Engine; finishers: Finishers; pages: FlowPages; door: Flow };

/** Makes the flow room. Nothing listens until `mount`. */
export function makeFlow(engine: Engine, pages: FlowPages): FlowRoom {
  const { core, access } = engine;
  const known = new WeakMap<FastifyRequest, Promise<RequestFacts>>();
  const finishers: Finishers = { services: undefined, protocols: {} };
  const factsOf = (request: FastifyRequest): Promise<RequestFacts> => {
    const facts = known.get(request) ?? readFacts(core, request);
    known.set(request, facts);
    return facts;
  };
  const door: Flow = {
    async facts(request) {
      const facts = await factsOf(request);
      if (facts.session) noteSessionUse(core, facts.session);
      return facts;
    },
    async begin(request, reply, start) {
      const facts = await door.facts(request);
      const planned = await planRun(core, access, start, facts);
      if (planned.type === 'denied') return { type: 'denied', message: planned.message };
      if (planned.type === 'unknown') return { type: 'denied', message: 'This sign-in is not set up completely.' };
      const browser = nameBrowser(request, reply);
      if (planned.type === 'planned') {
        const position = await look(engine, { browser, state: planned.state }, facts);
        if (position.type === 'end') return { type: 'through', context: position.run.state.context };
        if (position.type === 'denied') return { type: 'denied', message: position.message };
      }
      if (!start.startedBy && !start.context) return { type: 'page', to: flowPath(start.flow, start.next) };
      return { type: 'page', to: flowPath(start.flow, start.next, sealTicket(core, browser, start)) };
    },
    async defaultFlow(request, designation) {
      const brand = await brandOfHost(core, request.requestOrigin.host);
      const id = brand?.values[`flow_${designation}`];
      if (typeof id === 'string') return flowSlug(core, id);
      return designation === 'authentication' || designation === 'invalidation'
        ? firstFlowOf(core, designation)
        : undefined;
    },
    async show(request, reply, challenge, status = 200) {
      const framed = frame(undefined, challenge, '/');
      const html = await pages.draw(request, reply, {
        challenge: framed,
        screen: undefined,
        formAction: '',
        hiddenFields: {},
      });
      await reply.code(status).type('text/html; charset=utf-8').send(html);
    },
    async signOut(request, reply) {
      const { session, clientAddress } = await door.facts(request);
      clearCookie(request, reply, sessionCookie);
      if (!session) return;
      await core.database.write(async (transaction) => {
        await endSessions(transaction, core.now(), [session.id]);
        const { pk, username, email } = session.user;
        const user = { pk, username, email };
        await recordEvent(transaction, core.now(), { action: 'logout', app: 'authentik.core', user, clientAddress });
      });
    },
  };
  // Looking at a page of a flow is no use of a session: nothing is written by it.
  const context: FlowContext = { engine, finishers, pages, door: { ...door, facts: factsOf } };
  return {
    ...door,
    mount(server) {
      mountFlowPages(server, context);
      mountExecutor(server, context);
      mountShortcuts(server, context);
      mountCancel(server, context);
    },
    connect(services, protocols) {
      Object.assign(finishers, { services, protocols });
    },
  };
}

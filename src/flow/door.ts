/**
 * The door of the flow room: how a protocol or a source sends a person through a flow, and how it gets them back.
 * The flow knows nothing of who started it but a name and some JSON.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Json } from '../core/declaration.ts';
import type { Challenge, RequestFacts, RunContext } from '../stages/stage.ts';

/** Who started a run, and what they need back at its end. JSON, sealed while a browser carries it. */
export type Starter = { protocol: string; data: Json };

export type FlowStart = {
  /** The slug of the flow. */
  flow: string;
  startedBy?: Starter;
  /** A path of ours to go to at the end, when nobody started the run. */
  next?: string;
  /** A path of ours that leads here again, for a run that has expired or was finished twice. */
  restart: string;
  context?: RunContext;
  /** The number of the person whose session the run needs. Set by the flow room when one flow leads to another. */
  owner?: number;
};

/** How a run ends: the browser goes on, or is shown one last thing (a form that posts itself, a refusal). */
export type FlowEnd = { type: 'redirect'; to: string } | { type: 'challenge'; challenge: Challenge };

/** What a starter is handed when the person has come through. */
export type Finished = { data: Json; context: Readonly<RunContext>; request: RequestFacts };

export type Flow = {
  /** Who is asking: address, session, origin. One look at the session per request, kept for its length. */
  facts(request: FastifyRequest): Promise<RequestFacts>;
  /**
   * Begins a flow. `through` when no stage has anything to ask or change: the caller goes on at once. Otherwise the
   * path of the page to send the browser to, which carries the run sealed and bound to this browser.
   */
  begin(
    request: FastifyRequest,
    reply: FastifyReply,
    start: FlowStart,
  ): Promise<
    { type: 'through'; context: RunContext } | { type: 'page'; to: string } | { type: 'denied'; message: string }
  >;
  /** The path of the flow of this designation that the brand of the host names, or undefined. */
  defaultFlow(
    request: FastifyRequest,
    designation: 'authentication' | 'invalidation' | 'device_code' | 'recovery' | 'user_settings' | 'unenrollment',
  ): Promise<string | undefined>;
  /** Answers with a page (or JSON for a client that wants it) that shows the challenge; for endings without a run. */
  show(request: FastifyRequest, reply: FastifyReply, challenge: Challenge, status?: number): Promise<void>;
  /** Ends the browser's session, tells the protocols, and clears the cookie. */
  signOut(request: FastifyRequest, reply: FastifyReply): Promise<void>;
};

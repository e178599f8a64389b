/**
 * The shape of a protocol: how one kind of application learns who somebody is. A protocol is one folder with one
 * door; only its `*.store.ts` files speak SQL.
 */
import type { FastifyInstance } from 'fastify';
import type { Access } from '../access/access.ts';
import type { Core } from '../core/core.ts';
import type { Declaration, Fields } from '../core/declaration.ts';
import type { Expressions } from '../expressions/expressions.ts';
import type { Finished, Flow, FlowEnd } from '../flow/door.ts';
import type { Mapping } from '../mappings/mapping.ts';

/** What a protocol works with. */
export type ProtocolServices = {
  core: Core;
  access: Access;
  flow: Flow;
  expressions: Expressions;
  /** Every kind of mapping there is, by kind. */
  mappings: Readonly<Record<string, Mapping>>;
};

export type Protocol<F extends Fields = Fields> = {
  kind: string;
  /** The path of its providers below `/api/v3/`. */
  path: string;
  declaration: Declaration<F>;
  /** Adds its endpoints. */
  mount?(server: FastifyInstance, services: ProtocolServices): void;
  /** The person has come through the flow that this protocol started. Asks `mayEnter` again before anything is given. */
  finish?(services: ProtocolServices, finished: Finished): Promise<FlowEnd>;
};

/** Keeps the exact types of the settings while the registry sees all protocols alike. */
export const defineProtocol = <F extends Fields>(protocol: Protocol<F>): Protocol => protocol as unknown as Protocol;

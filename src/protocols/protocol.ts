/**
 * The shape of a protocol: how one kind of application learns who somebody is. A protocol is one folder with one
 * door; only its `*.store.ts` files speak SQL.
 */
import type { FastifyInstance } from 'fastify';
import type { Access } from '../access/access.ts';
import type { Core } from '../core/core.ts';
import type { Declaration, Fields, Json } from '../core/declaration.ts';
import type { StoredObject } from '../core/objects.ts';
import type { User } from '../core/users.ts';
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

/** How an administrator looks at a provider. `applicationSlug` is undefined while no application uses it. */
export type ProviderView = { origin: string; applicationSlug: string | undefined; clientAddress: string };

export type Protocol<F extends Fields = Fields> = {
  kind: string;
  /** The path of its providers below `/api/v3/`. */
  path: string;
  declaration: Declaration<F>;
  /** Adds its endpoints. */
  mount?(server: FastifyInstance, services: ProtocolServices): void;
  /** The person has come through the flow that this protocol started. Asks `mayEnter` again before anything is given. */
  finish?(services: ProtocolServices, finished: Finished): Promise<FlowEnd>;
  /** The person has left that flow by its "Cancel". Tells the application so; stores nothing, for a link leads here. */
  cancel?(services: ProtocolServices, left: Finished): Promise<FlowEnd>;
  /** The addresses that people copy into an application. */
  setupUrls?(services: ProtocolServices, provider: StoredObject, view: ProviderView): Promise<Record<string, Json>>;
  /** What an application would learn of a person. */
  previewUser?(services: ProtocolServices, provider: StoredObject, user: User, view: ProviderView): Promise<Json>;
  /** Whom a token of this protocol lets use the administration API; undefined for any other token. */
  apiUser?(services: ProtocolServices, token: string): Promise<User | undefined>;
};

/** Keeps the exact types of the settings while the registry sees all protocols alike. */
export const defineProtocol = <F extends Fields>(protocol: Protocol<F>): Protocol => protocol as unknown as Protocol;

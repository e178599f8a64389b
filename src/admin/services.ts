/** What the room is handed, and what one request to it holds. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Access } from '../access/access.ts';
import type { Core } from '../core/core.ts';
import type { Declaration, Json } from '../core/declaration.ts';
import type { StoredObject } from '../core/objects.ts';
import type { User } from '../core/users.ts';
import type { Flow } from '../flow/door.ts';
import type { Parameters } from '../http/parameters.ts';
import type { Mapping } from '../mappings/mapping.ts';
import type { Policy } from '../policies/policy.ts';
import type { Protocol, ProtocolServices } from '../protocols/protocol.ts';
import type { Stage } from '../stages/stage.ts';
import type { Caller } from './caller.ts';

/** A declared object that is neither core's own nor one of a family, such as the prompts of the prompt stage. */
export type DeclaredObject = {
  /** Below `/api/v3/`. */
  path: string;
  declaration: Declaration;
  /** Columns that a search looks through. */
  search?: readonly string[];
  /** Shows under `property` the objects of `model` that name this one in `field`. */
  holders?: { property: string; model: string; field: string };
};

/** What a protocol may tell about one of its providers, beside what is declared. */
export type ProviderViews = {
  /** The addresses that people copy into an application. `application` is undefined while none uses the provider. */
  setupUrls?(services: ProtocolServices, provider: StoredObject, view: ProviderView): Promise<Record<string, Json>>;
  /** What an application would learn of a person. */
  previewUser?(services: ProtocolServices, provider: StoredObject, user: User, view: ProviderView): Promise<Json>;
};
export type ProviderView = { origin: string; applicationSlug: string | undefined; clientAddress: string };

/** Where a blueprint can be taken from. `lastModifiedAt` is in milliseconds since 1970. */
export type BlueprintFile = { path: string; lastModifiedAt: number; hash: string; meta: Record<string, Json> };

export type AdminServices = {
  core: Core;
  access: Access;
  flow: Flow;
  expressions: ProtocolServices['expressions'];
  stages: readonly Stage[];
  policies: readonly Policy[];
  mappings: readonly Mapping[];
  protocols: readonly (Protocol & ProviderViews)[];
  objects: readonly DeclaredObject[];
  /** Whom an OAuth access token with the scope `goauthentik.io/api` acts for; undefined for any other token. */
  accessTokenUser?(token: string): Promise<{ userPk: number } | undefined>;
  /** A link by which the person can set a new password; undefined when there is no way to recover. */
  recoveryLink?(wanted: {
    user: User;
    request: FastifyRequest;
    lifetimeMilliseconds: number;
  }): Promise<string | undefined>;
  /** Applies a blueprint instance and stores the outcome in it. */
  applyBlueprint?(instanceId: string, actor: User): Promise<void>;
  blueprintFiles?(): Promise<readonly BlueprintFile[]>;
  /** A flow with all it is made of, as a blueprint in YAML. */
  exportFlow?(flowId: string): Promise<string>;
};

/** One request that anybody may make. */
export type OpenContext = {
  services: AdminServices;
  core: Core;
  request: FastifyRequest;
  reply: FastifyReply;
  query: Parameters;
  /** Every declaration there is. */
  declarations: readonly Declaration[];
};
/** One request of somebody who is known. */
export type AdminContext = OpenContext & { caller: Caller };

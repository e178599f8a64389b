/** What the room is handed, and what one request to it holds. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Access } from '../access/access.ts';
import type { Core } from '../core/core.ts';
import type { Declaration, Json } from '../core/declaration.ts';
import type { User } from '../core/users.ts';
import type { Flow } from '../flow/door.ts';
import type { Parameters } from '../http/parameters.ts';
import type { Mapping } from '../mappings/mapping.ts';
import type { Policy } from '../policies/policy.ts';
import type { Protocol, ProtocolServices } from '../protocols/protocol.ts';
import type { Part, Stage } from '../stages/stage.ts';
import type { Caller } from './caller.ts';

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
  protocols: readonly Protocol[];
  /** Objects that kinds bring beside their settings. */
  objects: readonly Part[];
  /** Whom an OAuth access token with the scope `goauthentik.io/api` acts for; undefined for any other token. */
  accessTokenUser?(token: string): Promise<Pick<User, 'pk'> | undefined>;
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

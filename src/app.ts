/**
 * The composition root: makes Core, mounts every room, starts the listeners. Nothing here decides anything; it only
 * says what is connected with what.
 */
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { type Access, makeAccess } from './access/access.ts';
import { closeCore, makeCore } from './app/core.ts';
import { mountAdministration } from './app/administration.ts';
import { firstStart } from './app/first-start.ts';
import { mountHome } from './app/home.ts';
import { checkHosts } from './app/hosts.ts';
import { makePages } from './app/pages.ts';
import { mountRecovery } from './app/recovery.ts';
import { mountSetup } from './app/setup-page.ts';
import type { Blueprints } from './blueprints/blueprints.ts';
import type { Config } from './config.ts';
import type { Core } from './core/core.ts';
import { type Expiry, makeExpiry } from './core/expiry.ts';
import { pingDatabase } from './core/secret-key.ts';
import { type Expressions, makeExpressions } from './expressions/expressions.ts';
import { type FlowRoom, makeFlow } from './flow/flow.ts';
import { mountHealth } from './http/health.ts';
import { makeHttpServer } from './http/server.ts';
import type { ProtocolServices } from './protocols/protocol.ts';
import { mappings, policies, protocols, stages } from './registry.ts';

/** A running Ostiary, ready to listen. */
export type Ostiary = {
  core: Core;
  access: Access;
  flow: FlowRoom;
  expressions: Expressions;
  blueprints: Blueprints;
  server: FastifyInstance;
  /** Lets requests in flight finish, then closes everything. */
  close(): Promise<void>;
};

export type OstiaryOptions = {
  log: FastifyBaseLogger;
  /** Milliseconds since 1970; tests turn it. */
  now?: () => number;
  /** Sees the server, and what it works with, before anything is mounted. */
  onServer?: (server: FastifyInstance, core: Core) => void;
  /** Where the bundle keeps the sandbox. */
  expressions?: { workerUrl: URL; wasmUrl: URL };
};

const byKind = <T extends { kind: string }>(kinds: readonly T[]): Record<string, T> =>
  Object.fromEntries(kinds.map((kind) => [kind.kind, kind]));

/** Puts everything together. Listens nowhere yet. */
export async function makeOstiary(config: Config, options: OstiaryOptions): Promise<Ostiary> {
  const core = await makeCore(config, options.log, { server: true, ...(options.now && { now: options.now }) });
  try {
    const expressions = makeExpressions(options.expressions);
    const blueprints = await firstStart(core, config, expressions);
    const access = makeAccess(core, byKind(policies), expressions);
    const pages = await makePages(core);
    const flow = makeFlow({ core, access, expressions, stages: byKind(stages) }, pages);
    const server = makeHttpServer({
      trustedProxies: config.trustedProxies,
      renderErrorPage: pages.error,
      logger: options.log,
    });
    options.onServer?.(server, core);
    const expiry = makeExpiry(core);
    sweepAfterAnswers(server, expiry);
    const services: ProtocolServices = { core, access, flow, expressions, mappings: byKind(mappings) };
    flow.connect(services, byKind(protocols));
    checkHosts(server, core);
    pages.mount(server);
    mountSetup(server, core, pages);
    mountRecovery(server, core, flow, pages);
    mountHome(server, core, access, flow, pages);
    flow.mount(server);
    mountHealth(server, () => pingDatabase(core.database));
    for (const protocol of protocols) protocol.mount?.(server, services);
    mountAdministration(server, services, blueprints, config.blueprintsDirectory);
    return {
      core,
      access,
      flow,
      expressions,
      blueprints,
      server,
      async close() {
        await server.close();
        await expiry.close();
        await expressions.close();
        await closeCore(core);
      },
    };
  } catch (fault) {
    await closeCore(core);
    throw fault;
  }
}

/** What expires is written by answers to forms and by redirects; the rest only looks. */
function sweepAfterAnswers(server: FastifyInstance, expiry: Expiry): void {
  const looks: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
  server.addHook('onResponse', async (request, reply) => {
    if (!looks.has(request.method) || reply.statusCode === 302) expiry.touch();
  });
}

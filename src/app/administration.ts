/** Connects the administration API with what other rooms do for it. */
import { createHash } from 'node:crypto';
import { glob, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { AdminServices, BlueprintFile } from '../admin/admin.ts';
import { readBlueprint } from '../blueprints/blueprint-file.ts';
import type { Blueprints } from '../blueprints/blueprints.ts';
import { BlueprintFault } from '../blueprints/fault.ts';
import type { Core } from '../core/core.ts';
import { Fault, notFound } from '../core/fault.ts';
import { blueprintModel } from '../core/models/blueprint.ts';
import { findObject, updateObject } from '../core/objects.ts';
import type { User } from '../core/users.ts';
import { mountLateRoutes } from '../http/late-routes.ts';
import type { ProtocolServices } from '../protocols/protocol.ts';
import { mappings, parts, policies, protocols, stages } from '../registry.ts';
import { models } from './models.ts';
import { makeRecoveryLink } from './recovery.ts';

const MOST_FILES = 1000;

/** Adds the API, with every kind that there is. It is loaded when somebody asks for it. */
export function mountAdministration(
  server: FastifyInstance,
  services: ProtocolServices,
  blueprints: Blueprints,
  blueprintsFolder: string,
): void {
  mountLateRoutes(server, '/api/v3/', async (routes) => {
    const { mountAdmin } = await import('../admin/admin.ts');
    mountAdmin(routes, servicesOf(services, blueprints, blueprintsFolder), models());
  });
}

function servicesOf(services: ProtocolServices, blueprints: Blueprints, blueprintsFolder: string): AdminServices {
  const { core, access, flow, expressions } = services;
  return {
    core,
    access,
    flow,
    expressions,
    stages,
    policies,
    mappings,
    protocols,
    objects: parts,
    async accessTokenUser(token) {
      for (const protocol of protocols) {
        const user = await protocol.apiUser?.(services, token);
        if (user) return user;
      }
      return undefined;
    },
    recoveryLink: ({ user, request, lifetimeMilliseconds }) =>
      makeRecoveryLink(core, { user, origin: core.baseUrl ?? request.requestOrigin.origin, lifetimeMilliseconds }),
    applyBlueprint: (instanceId, actor) => applyInstance(core, blueprints, instanceId, actor),
    blueprintFiles: () => filesOf(blueprints, blueprintsFolder),
    exportFlow: (flowId) => blueprints.write([{ model: 'authentik_flows.flow', id: flowId }]),
  };
}

/** Applies an instance and remembers how it went. A fault of the blueprint is told and remembered. */
async function applyInstance(core: Core, blueprints: Blueprints, instanceId: string, actor: User): Promise<void> {
  const instance = await findObject(core.database.read, blueprintModel, { id: instanceId });
  if (!instance) throw notFound();
  const { name, path, content, context } = instance.values;
  const source = content === '' ? await blueprints.fromFolder(path) : { name, text: content, trusted: false };
  if (!source) throw new Fault('blueprint', `There is no file ${path} in the blueprint folder.`);
  const { pk, username, email } = actor;
  const remember = (status: string): Promise<unknown> =>
    core.database.write((transaction) =>
      updateObject(core, transaction, blueprintModel, instanceId, {
        status,
        last_applied: new Date(core.now()).toISOString(),
        last_applied_hash: hashOf(source.text),
      }),
    );
  try {
    await blueprints.apply({ ...source, context }, { user: { pk, username, email } });
  } catch (fault) {
    if (!(fault instanceof BlueprintFault)) throw fault;
    await remember('error');
    throw new Fault('blueprint', fault.message, { cause: fault });
  }
  await remember('successful');
}

/** The YAML files of the folder that can be read as blueprints. */
async function filesOf(blueprints: Blueprints, folder: string): Promise<BlueprintFile[]> {
  const files: BlueprintFile[] = [];
  for await (const path of glob('**/*.{yaml,yml}', { cwd: folder })) {
    if (files.length >= MOST_FILES) break;
    try {
      const source = await blueprints.fromFolder(path);
      if (!source) continue;
      const { name } = await readBlueprint(path, source.text);
      const { mtimeMs } = await stat(join(folder, path));
      files.push({
        path,
        lastModifiedAt: mtimeMs,
        hash: hashOf(source.text),
        meta: { name: name ?? path, labels: {} },
      });
    } catch (fault) {
      if (!(fault instanceof BlueprintFault) && !(fault instanceof RangeError)) throw fault;
    }
  }
  return files;
}

const hashOf = (text: string): string => createHash('sha512').update(text).digest('hex');

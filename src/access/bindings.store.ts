import type { Core } from '../core/core.ts';
import { policyBindingModel } from '../core/models/access.ts';
import { findObject, objectsOfRows, type StoredObject } from '../core/objects.ts';
import type { Policy } from '../policies/policy.ts';

/** A policy, a group or a person, bound to an object that they decide about. */
export type Binding = StoredObject<typeof policyBindingModel.fields>;

/** The enabled bindings of an object, in order. Kept in memory until configuration changes. */
export function loadBindings(core: Core, targetId: string): Promise<Binding[]> {
  return core.configuration.get(`bindings ${targetId}`, async (queries) => {
    const rows = await queries
      .selectFrom('policy_bindings')
      .selectAll()
      .where('target_id', '=', targetId)
      .where('enabled', '=', 1)
      .orderBy('position')
      .orderBy('id')
      .execute();
    return objectsOfRows(queries, policyBindingModel, rows);
  });
}

/** A policy's kind and settings, or undefined when it is gone. Kept in memory until configuration changes. */
export function loadPolicy(
  core: Core,
  policies: Readonly<Record<string, Policy>>,
  policyId: string,
): Promise<{ policy: Policy; settings: Record<string, unknown> } | undefined> {
  return core.configuration.get(`policy ${policyId}`, async (queries) => {
    const row = await queries.selectFrom('policies').select('kind').where('id', '=', policyId).executeTakeFirst();
    const policy = row && policies[row.kind];
    const object = policy && (await findObject(queries, policy.declaration, { id: policyId }));
    return policy && object ? { policy, settings: object.values } : undefined;
  });
}

/** The family of policies, and how they are tried. */
import { z } from 'zod';
import { notFound } from '../../core/fault.ts';
import { userModel } from '../../core/models/people.ts';
import type { StoredObject } from '../../core/objects.ts';
import { userByPk } from '../../core/users.ts';
import type { Family } from '../families.ts';
import { permissionFor } from '../permissions.ts';
import type { ObjectAction, Resource, Values } from '../resource.ts';
import type { AdminContext, AdminServices } from '../services.ts';
import { readBody } from '../validation.ts';
import { denied } from '../visibility.ts';
import { cacheActions } from './flows.ts';

async function presentPolicies(objects: readonly StoredObject[], { core }: AdminContext): Promise<Values[]> {
  const ids = objects.map((object) => object.id);
  if (ids.length === 0) return [];
  const rows = await core.database.read
    .selectFrom('policy_bindings')
    .select((builder) => ['policy_id', builder.fn.countAll<number>().as('count')])
    .where('policy_id', 'in', ids)
    .groupBy('policy_id')
    .execute();
  return objects.map(({ id }) => ({ bound_to: rows.find((row) => row.policy_id === id)?.count ?? 0 }));
}

const testBody = () => z.object({ user: z.int().positive(), context: z.record(z.string(), z.json()).optional() });

/** Judges a policy for a person, as it would be in earnest. */
const testAction: ObjectAction = {
  method: 'POST',
  name: 'test',
  summary: 'Judge the policy for a person.',
  needs: 'view',
  async handle({ core, caller, services, request }, object) {
    const body = readBody(testBody(), request.body);
    if (!caller.can(permissionFor('view', userModel.model))) throw denied();
    const user = await userByPk(core.database.read, body.user);
    if (!user) throw notFound();
    const wanted = services.access.request(user, {
      clientAddress: request.requestOrigin.clientAddress,
      context: body.context ?? {},
    });
    const verdict = await services.access.judgePolicies([object.id], wanted);
    const about = {
      timestamp: new Date(core.now()).toISOString(),
      logger: 'authentik.policies',
      attributes: { policy: object.id },
    };
    const log_messages = (verdict.logs ?? []).map((line) => {
      const [, level, event = line] = /^(debug|info|warning|error): (.*)$/s.exec(line) ?? [];
      return { ...about, log_level: level ?? (verdict.failed ? 'error' : 'info'), event };
    });
    return { passing: verdict.passing, messages: verdict.messages, log_messages };
  },
};

/** One resource for each kind of policy, and the family of them all. */
export function policiesFamily({ policies }: AdminServices): Family {
  const kinds = policies.map(
    (policy): Resource => ({
      path: policy.path,
      lookup: 'id',
      declaration: policy.declaration,
      search: ['name_key'],
      order: 'name_key',
      present: presentPolicies,
    }),
  );
  return {
    path: 'policies/all',
    model: 'authentik_policies.policy',
    kinds,
    baseFields: ['name', 'execution_logging'],
    lookup: 'id',
    present: presentPolicies,
    onObject: [testAction],
    onCollection: cacheActions,
  };
}

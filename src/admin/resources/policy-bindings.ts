/** `policies/bindings`: what decides about a flow, a stage in a flow, or an application. */
import { sql } from 'kysely';
import { invalid } from '../../core/fault.ts';
import { policyBindingModel } from '../../core/models/access.ts';
import type { StoredObject } from '../../core/objects.ts';
import type { Queries } from '../../db/database.ts';
import { flagOf } from '../conditions.ts';
import { answersOf, type Family, storedMembers } from '../families.ts';
import { partialGroups, partialUsers } from '../people-views.ts';
import type { Resource } from '../resource.ts';

/** Models that somebody asks bindings about; a binding to anything else would never be judged. */
const TARGETS: ReadonlySet<string> = new Set([
  'authentik_core.application',
  'authentik_flows.flow',
  'authentik_flows.flowstagebinding',
]);

async function refuseNonsense(transaction: Queries, { values }: StoredObject): Promise<void> {
  const { policy, group, user, target } = values;
  if ([policy, group, user].filter((each) => each !== null).length !== 1) {
    throw invalid({ non_field_errors: ["Exactly one of 'policy', 'group', 'user' must be set."] });
  }
  const object = await transaction
    .selectFrom('objects')
    .select('model')
    .where('id', '=', String(target))
    .executeTakeFirst();
  if (!object || !TARGETS.has(object.model)) {
    throw invalid({ target: [`Invalid pk "${String(target)}" - object does not exist.`] });
  }
}

/** Bindings. The family tells how a policy is shown. */
export function policyBindingsResource(policies: Family): Resource {
  return {
    path: 'policies/bindings',
    lookup: 'id',
    declaration: policyBindingModel,
    search: [],
    order: 'position',
    filters: {
      target_in: (values) => (builder) =>
        builder(
          sql<string>`target_id`,
          'in',
          values.flatMap((value) => value.split(',')),
        ),
      policy__isnull: ([value = '']) => {
        const wanted = flagOf('policy__isnull', value);
        return () => (wanted ? sql<boolean>`policy_id is null` : sql<boolean>`policy_id is not null`);
      },
    },
    async present(objects, context) {
      const { read } = context.core.database;
      const named = (name: string): string[] =>
        objects.map((object) => object.values[name]).filter((id) => typeof id === 'string');
      const found = await storedMembers(policies, context, named('policy'));
      const shown = new Map((await answersOf(policies, found, context)).map((view) => [view.pk, view]));
      const groups = await partialGroups(read, named('group'));
      const pks = objects.map((object) => object.values.user).filter((pk) => typeof pk === 'number');
      const users = await partialUsers(read, pks);
      return objects.map(({ values }) => ({
        policy_obj: shown.get(values.policy) ?? null,
        group_obj: groups.get(String(values.group)) ?? null,
        user_obj: users.get(Number(values.user)) ?? null,
        expires: null,
        expiring: false,
      }));
    },
    check: (transaction, after) => refuseNonsense(transaction, after),
  };
}

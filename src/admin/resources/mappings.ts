/** The family of property mappings, and how they are tried. */
import { z } from 'zod';
import type { Json } from '../../core/declaration.ts';
import { invalid } from '../../core/fault.ts';
import { userModel } from '../../core/models/people.ts';
import { effectiveAttributes, membershipsOf, userByPk } from '../../core/users.ts';
import type { Family } from '../families.ts';
import { permissionFor } from '../permissions.ts';
import type { ObjectAction, Resource } from '../resource.ts';
import type { AdminContext, AdminServices } from '../services.ts';
import { readBody } from '../validation.ts';
import { denied } from '../visibility.ts';
import type { StoredObject } from '../../core/objects.ts';
import { flagOf } from '../conditions.ts';

const testBody = () =>
  z.object({
    user: z.int().positive().nullish(),
    group: z.uuid().nullish(),
    context: z.record(z.string(), z.json()).optional(),
  });

/** Runs a mapping for a person: the managed ones by our own code, the others in the sandbox. */
const testAction: ObjectAction = {
  method: 'POST',
  name: 'test',
  summary: 'Run the mapping for a person.',
  needs: 'change',
  async handle(context, object) {
    const { core, caller, request, query } = context;
    const body = readBody(testBody(), request.body);
    if (!caller.can(permissionFor('view', userModel.model))) throw denied();
    const user = await userByPk(core.database.read, body.user ?? caller.user.pk);
    if (!user) throw invalid({ user: [`Invalid pk "${String(body.user)}" - object does not exist.`] });
    const format = query.get('format_result')?.at(-1);
    const spaces = format !== undefined && flagOf('format_result', format) ? 4 : undefined;
    try {
      const result = await runMapping(context, object, user.pk, body.context ?? {});
      return { result: JSON.stringify(result, undefined, spaces), successful: true };
    } catch (fault) {
      return { result: fault instanceof Error ? fault.message : String(fault), successful: false };
    }
  },
};

async function runMapping(
  { core, services }: AdminContext,
  { kind, values }: StoredObject,
  userPk: number,
  context: Record<string, Json>,
): Promise<Json> {
  const user = await userByPk(core.database.read, userPk);
  const mapping = services.mappings.find((each) => each.kind === kind);
  if (!user || !mapping) throw new Error('the mapping cannot run');
  const memberships = await membershipsOf(core.database.read, userPk);
  const managed = typeof values.managed === 'string' ? mapping.managed[values.managed] : undefined;
  if (managed) return managed({ user, memberships, context });
  const { pk, uid, username, name, email, isActive, type, path } = user;
  const groups = memberships.map((each) => ({ pk: each.id, name: each.name, is_superuser: each.isSuperuser }));
  const attributes = effectiveAttributes(user, memberships);
  const described: Json = { pk, uid, username, name, email, is_active: isActive, type, path, attributes, groups };
  const result = await services.expressions.evaluate({
    language: values.language === 'javascript' ? 'javascript' : 'python',
    source: typeof values.expression === 'string' ? values.expression : '',
    context: { user: described, request: { user: described, context }, ...without(context, ['user', 'request']) },
  });
  if (!result.ok) throw new Error(result.message);
  return result.value;
}

const without = (context: Record<string, Json>, names: readonly string[]): Record<string, Json> =>
  Object.fromEntries(Object.entries(context).filter(([name]) => !names.includes(name) && /^[A-Za-z_]\w*$/.test(name)));

/** One resource for each kind of mapping, and the family of them all. */
export function mappingsFamily({ mappings }: AdminServices): Family {
  const kinds = mappings.map(
    (mapping): Resource => ({
      path: mapping.path,
      lookup: 'id',
      declaration: mapping.declaration,
      search: ['name_key'],
      order: 'name_key',
    }),
  );
  return {
    path: 'propertymappings/all',
    model: 'authentik_core.propertymapping',
    kinds,
    baseFields: ['managed', 'name', 'expression'],
    lookup: 'id',
    filters: { managed: (values) => (builder) => builder('managed' as 'name', 'in', [...values]) },
    present: async (objects) => objects.map(() => ({})),
    onObject: [testAction],
  };
}

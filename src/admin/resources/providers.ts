/** The family of providers. */
import { sql } from 'kysely';
import { notFound } from '../../core/fault.ts';
import { userModel } from '../../core/models/people.ts';
import type { StoredObject } from '../../core/objects.ts';
import { userByPk } from '../../core/users.ts';
import type { Queries } from '../../db/database.ts';
import { type Condition, type Filter, flagOf, wholeNumberOf } from '../conditions.ts';
import { answersOf, type Family, storedMembers } from '../families.ts';
import { permissionFor } from '../permissions.ts';
import type { ObjectAction, Resource, Values } from '../resource.ts';
import type { ProviderView } from '../../protocols/protocol.ts';
import type { AdminContext, AdminServices } from '../services.ts';
import { denied } from '../visibility.ts';
import type { Protocol } from '../../protocols/protocol.ts';

/** The application of each provider, and one that uses it on the back channel. */
async function presentProviders(objects: readonly StoredObject[], { core }: AdminContext): Promise<Values[]> {
  const { read } = core.database;
  const pks = objects.map((object) => object.pk as number);
  if (pks.length === 0) return [];
  const front = await read
    .selectFrom('applications')
    .select(['slug', 'name', 'provider_pk'])
    .where('provider_pk', 'in', pks)
    .execute();
  const back = await read
    .selectFrom('object_references as r')
    .innerJoin('applications as a', 'a.id', 'r.source_id')
    .select(['a.slug', 'a.name', 'r.target_id'])
    .where('r.field', '=', 'backchannel_providers')
    .where(
      'r.target_id',
      'in',
      objects.map((object) => object.id),
    )
    .execute();
  return objects.map((object) => {
    const application = front.find((row) => row.provider_pk === object.pk);
    const backchannel = back.find((row) => row.target_id === object.id);
    return {
      assigned_application_slug: application?.slug ?? null,
      assigned_application_name: application?.name ?? null,
      assigned_backchannel_application_slug: backchannel?.slug ?? null,
      assigned_backchannel_application_name: backchannel?.name ?? null,
    };
  });
}

const withoutApplication: Filter = ([value = '']): Condition => {
  const wanted = flagOf('application__isnull', value);
  return (builder) => {
    const used = builder.selectFrom('applications').select('provider_pk').where('provider_pk', 'is not', null);
    return builder(sql<number>`pk`, wanted ? 'not in' : 'in', used as never);
  };
};

const ofApplication: Filter = (values) => (builder) =>
  builder(
    sql<number>`pk`,
    'in',
    builder
      .selectFrom('applications')
      .select('provider_pk')
      .where('id', 'in', [...values]) as never,
  );

async function viewOf({ core, request }: AdminContext, provider: StoredObject): Promise<ProviderView> {
  const row = await core.database.read
    .selectFrom('applications')
    .select('slug')
    .where('provider_pk', '=', provider.pk as number)
    .executeTakeFirst();
  const { origin, clientAddress } = request.requestOrigin;
  return { origin: core.baseUrl ?? origin, applicationSlug: row?.slug, clientAddress };
}

function actionsOf(protocol: Protocol): ObjectAction[] {
  const actions: ObjectAction[] = [];
  const { setupUrls, previewUser } = protocol;
  const servicesOf = ({ core, access, flow, expressions, mappings }: AdminServices) => ({
    core,
    access,
    flow,
    expressions,
    mappings: Object.fromEntries(mappings.map((each) => [each.kind, each])),
  });
  if (setupUrls) {
    actions.push({
      method: 'GET',
      name: 'setup_urls',
      summary: 'The addresses for the application.',
      needs: 'view',
      handle: async (context, provider) =>
        setupUrls(servicesOf(context.services), provider, await viewOf(context, provider)),
    });
  }
  if (previewUser) {
    actions.push({
      method: 'GET',
      name: 'preview_user',
      summary: 'What the application would learn of a person.',
      needs: 'view',
      async handle(context, provider) {
        const { caller, query, core, services } = context;
        const asked = query.get('for_user')?.at(-1);
        const pk = asked === undefined ? caller.user.pk : wholeNumberOf('for_user', asked);
        if (pk !== caller.user.pk && !caller.can(permissionFor('view', userModel.model))) throw denied();
        const user = await userByPk(core.database.read, pk);
        if (!user) throw notFound();
        const view = await viewOf(context, provider);
        return { preview: await previewUser(servicesOf(services), provider, user, view) };
      },
    });
  }
  return actions;
}

/** One resource for each protocol, and the family of all providers. */
export function providersFamily({ protocols }: AdminServices): Family {
  const filters = { application__isnull: withoutApplication, application: ofApplication };
  const kinds = protocols.map(
    (protocol): Resource => ({
      path: protocol.path,
      lookup: 'pk',
      declaration: protocol.declaration,
      search: ['name_key'],
      order: 'name_key',
      orderings: { pk: 'pk' },
      filters,
      present: presentProviders,
      onObject: actionsOf(protocol),
    }),
  );
  return {
    path: 'providers/all',
    model: 'authentik_core.provider',
    kinds,
    baseFields: ['name', 'authentication_flow', 'authorization_flow', 'invalidation_flow', 'property_mappings'],
    lookup: 'pk',
    filters,
    present: presentProviders,
  };
}

/** Providers by number, as the family shows them. */
export async function providersByPk(
  family: Family,
  queries: Queries,
  pks: readonly number[],
  context: AdminContext,
): Promise<Map<number, Values>> {
  const distinct = [...new Set(pks)];
  if (distinct.length === 0) return new Map();
  const rows = await queries.selectFrom('providers').select('id').where('pk', 'in', distinct).execute();
  const stored = await storedMembers(
    family,
    context,
    rows.map((row) => row.id),
  );
  return new Map((await answersOf(family, stored, context)).map((view) => [view.pk as number, view]));
}

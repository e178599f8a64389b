/** `core/applications`: what people see and enter. */
import { sql } from 'kysely';
import { notFound } from '../../core/fault.ts';
import { applicationModel } from '../../core/models/access.ts';
import { userModel } from '../../core/models/people.ts';
import type { StoredObject } from '../../core/objects.ts';
import { type User, userByPk } from '../../core/users.ts';
import type { Application } from '../../access/access.ts';
import { type Condition, flagOf, wholeNumberOf } from '../conditions.ts';
import type { Family } from '../families.ts';
import { conditionsOf, listOf, readRows } from '../listing.ts';
import { pageOf, pagingOf } from '../paging.ts';
import { permissionFor } from '../permissions.ts';
import { listAnswers } from '../presentation.ts';
import type { ObjectAction, Resource, Values } from '../resource.ts';
import type { AdminContext } from '../services.ts';
import { denied } from '../visibility.ts';
import { launchUrl } from './launch-url.ts';
import { providersByPk } from './providers.ts';

/** So many applications are looked at together. */
const BATCH = 200;
const AT_ONCE = 8;

/** Whom the answers are about: `for_user`, or the caller. */
async function personOf(context: AdminContext): Promise<User> {
  const { caller, core, query } = context;
  const asked = query.get('for_user')?.at(-1);
  if (!asked) return caller.user;
  const pk = wholeNumberOf('for_user', asked);
  if (pk !== caller.user.pk && !caller.can(permissionFor('view', userModel.model))) throw denied();
  const user = await userByPk(core.database.read, pk);
  if (!user) throw notFound();
  return user;
}

const asks = (context: AdminContext, parameter: string): boolean =>
  context.query.get(parameter)?.some((value) => value !== '' && flagOf(parameter, value)) ?? false;

/** Those of the applications that the person may enter, in their order. */
async function enterable(context: AdminContext, user: User, objects: readonly StoredObject[]): Promise<StoredObject[]> {
  const { access } = context.services;
  const { clientAddress } = context.request.requestOrigin;
  const passing: StoredObject[] = [];
  for (let start = 0; start < objects.length; start += AT_ONCE) {
    const some = objects.slice(start, start + AT_ONCE);
    const verdicts = await Promise.all(
      some.map((object) => access.mayEnter(user, object as Application, { clientAddress })),
    );
    passing.push(...some.filter((_, index) => verdicts[index]?.passing));
  }
  return passing;
}

/** What the person may enter; with `superuser_full_list`, all that the caller may see. */
export async function listApplications(resource: Resource, context: AdminContext): Promise<unknown> {
  if (asks(context, 'superuser_full_list')) return listOf(resource, context);
  const user = await personOf(context);
  const conditions = conditionsOf(resource, context);
  const found: StoredObject[] = [];
  for (let offset = 0; ; offset += BATCH) {
    const some = await readRows(resource, context, conditions, BATCH, offset);
    found.push(...(await enterable(context, user, some)));
    if (some.length < BATCH) break;
  }
  const shown = asks(context, 'only_with_launch_url')
    ? found.filter((object) => launchUrl(object.values as Application['values'], user) !== null)
    : found;
  return pageOf(await pagingOf(context.core, context.query), shown.length, (limit, offset) =>
    listAnswers(resource, shown.slice(offset, offset + limit), context),
  );
}

const checkAccess: ObjectAction = {
  method: 'GET',
  name: 'check_access',
  summary: 'May a person enter this application?',
  needs: 'caller',
  async handle(context, object) {
    const user = await personOf(context);
    const { clientAddress } = context.request.requestOrigin;
    const verdict = await context.services.access.mayEnter(user, object as Application, { clientAddress });
    return { passing: verdict.passing, messages: verdict.messages, log_messages: [] };
  },
};

const noFilter = (): Condition | undefined => undefined;

/** Applications. The family tells how a provider is shown. */
export function applicationsResource(providers: Family): Resource {
  return {
    path: 'core/applications',
    lookup: 'slug',
    declaration: applicationModel,
    search: ['name_key', 'slug', 'group_name'],
    order: 'name_key',
    filters: {
      for_user: noFilter,
      superuser_full_list: noFilter,
      only_with_launch_url: noFilter,
      group: (values) => (builder) => builder(sql<string>`group_name`, 'in', [...values]),
    },
    async present(objects, context) {
      const user = await personOf(context);
      const numbers = objects.flatMap(({ values }) => [
        values.provider,
        ...(values.backchannel_providers as unknown[]),
      ]);
      const known = numbers.filter((pk) => typeof pk === 'number');
      const shown = await providersByPk(providers, context.core.database.read, known, context);
      return objects.map((object): Values => {
        const values = object.values as Application['values'];
        return {
          pbm_uuid: object.id,
          provider_obj: values.provider === null ? null : (shown.get(values.provider) ?? null),
          backchannel_providers_obj: values.backchannel_providers.flatMap((pk) => shown.get(pk) ?? []),
          launch_url: launchUrl(values, user),
          meta_icon_url: values.meta_icon || null,
          meta_icon_themed_urls: null,
        };
      });
    },
    onObject: [checkAccess],
  };
}

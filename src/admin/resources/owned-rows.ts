/** Rows that belong to a person and that nobody writes by hand: who may see and end them. */
import type { SelectQueryBuilder } from 'kysely';
import { notFound } from '../../core/fault.ts';
import type { Queries } from '../../db/database.ts';
import type { Tables } from '../../db/tables.ts';
import { recordFrom } from '../audit.ts';
import { change } from '../changes.ts';
import { keyOf } from '../endpoint.ts';
import { pageOf, pagingOf } from '../paging.ts';
import { partsOfModel, permissionFor } from '../permissions.ts';
import type { Values } from '../resource.ts';
import { addRoute, type Room } from '../room.ts';
import type { AdminContext } from '../services.ts';

export type OwnedTable = 'sessions' | 'consents' | 'access_tokens' | 'refresh_tokens' | 'authorization_codes';
export type OwnedRow = { user_pk: number } & Record<string, unknown>;
type Rows = SelectQueryBuilder<Tables, 'sessions', object>;

export type OwnedRows = {
  path: string;
  table: OwnedTable;
  /** The column that the path names, and how its text is read; undefined for a text that can be none. */
  key: string;
  readKey(text: string): string | number | undefined;
  model: string;
  /** Newest first. */
  order: string;
  /** Rows that are still of interest. */
  narrow?(rows: Rows, context: AdminContext): Rows;
  present(rows: readonly OwnedRow[], context: AdminContext): Promise<Values[]>;
  end(transaction: Queries, row: OwnedRow, context: AdminContext): Promise<void>;
};

/** A number in a path. */
export const readNumber = (text: string): number | undefined => (/^\d{1,15}$/.test(text) ? Number(text) : undefined);

/** Adds list, detail, end and `used_by`. Without the permission, people see and end their own. */
export function mountOwnedRows(room: Room, owned: OwnedRows): void {
  const { path, model, key } = owned;
  const visible = (context: AdminContext, verb: 'view' | 'delete'): Rows => {
    const rows = context.core.database.read.selectFrom(owned.table as 'sessions') as unknown as Rows;
    const { caller } = context;
    const narrowed = caller.can(permissionFor(verb, model)) ? rows : rows.where('user_pk', '=', caller.user.pk);
    return owned.narrow?.(narrowed, context) ?? narrowed;
  };
  const find = async (context: AdminContext, verb: 'view' | 'delete'): Promise<OwnedRow> => {
    const value = owned.readKey(keyOf(context.request));
    if (value === undefined) throw notFound();
    const row = await visible(context, verb)
      .selectAll()
      .where(key as 'id', '=', value as string)
      .executeTakeFirst();
    if (!row) throw notFound();
    return row as unknown as OwnedRow;
  };
  addRoute(room, 'GET', path, async (context) => {
    const rows = visible(context, 'view');
    const counted = rows.select((builder) => builder.fn.countAll<number>().as('count'));
    const count = (await counted.executeTakeFirstOrThrow()).count;
    return pageOf(await pagingOf(context.core, context.query), count, async (limit, offset) => {
      const sorted = rows
        .selectAll()
        .orderBy(owned.order as 'id', 'desc')
        .orderBy(key as 'id');
      const found = await sorted.limit(limit).offset(offset).execute();
      return owned.present(found as unknown as OwnedRow[], context);
    });
  });
  addRoute(
    room,
    'GET',
    `${path}/:key`,
    async (context) => (await owned.present([await find(context, 'view')], context))[0],
  );
  addRoute(room, 'GET', `${path}/:key/used_by`, async (context) => {
    await find(context, 'view');
    return [];
  });
  addRoute(room, 'DELETE', `${path}/:key`, async (context) => {
    const row = await find(context, 'delete');
    const { app, name } = partsOfModel(model);
    await change(context, async (transaction) => {
      await owned.end(transaction, row, context);
      const about = { app, model_name: name, pk: String(row[key]), name: '' };
      await recordFrom(transaction, context, 'model_deleted', { model: about });
    });
  });
}

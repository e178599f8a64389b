/** Events as rows: how they are shown, and which of them a request asks for. */
import { type RawBuilder, sql } from 'kysely';
import type { Json } from '../../core/declaration.ts';
import { normalisedKey } from '../../core/names.ts';
import type { Values } from '../resource.ts';
import type { AdminContext } from '../services.ts';

export type EventRow = {
  id: string;
  created_at: number;
  action: string;
  app: string;
  user: string;
  context: string;
  client_ip: string | null;
  brand: string;
};

/** An event as the API shows it; `retention` is how long events are kept, in milliseconds. */
export const viewOfEvent = (row: EventRow, retention: number): Values => ({
  pk: row.id,
  user: JSON.parse(row.user) as Json,
  action: row.action,
  app: row.app,
  context: JSON.parse(row.context) as Json,
  client_ip: row.client_ip,
  created: new Date(row.created_at).toISOString(),
  expires: new Date(row.created_at + retention).toISOString(),
  brand: JSON.parse(row.brand) as Json,
});

/** The columns of an `EventRow`. */
export const eventColumns = ['id', 'created_at', 'action', 'app', 'user', 'context', 'client_ip', 'brand'] as const;

/** A member of a JSON column, as text. The path is ours, never the caller's. */
export function member({ core }: AdminContext, column: string, path: readonly string[]): RawBuilder<string | null> {
  return core.database.engine === 'sqlite'
    ? sql`json_extract(${sql.ref(column)}, ${`$.${path.join('.')}`})`
    : sql`(${sql.ref(column)}::json #>> ${`{${path.join(',')}}`}::text[])`;
}

const MEMBERS: Readonly<Record<string, readonly [column: string, path: readonly string[]]>> = {
  context_model_app: ['context', ['model', 'app']],
  context_model_name: ['context', ['model', 'model_name']],
  context_model_pk: ['context', ['model', 'pk']],
  context_authorized_app: ['context', ['authorized_application', 'pk']],
  context_device: ['context', ['device', 'pk']],
  brand_name: ['brand', ['name']],
};

/** The events that the request asks for. */
export function wantedEvents(context: AdminContext) {
  const { core, query } = context;
  let rows = core.database.read.selectFrom('events');
  const given = (name: string): string[] => (query.get(name) ?? []).filter((value) => value !== '');
  const actions = [...given('action'), ...given('actions')];
  if (actions.length > 0) rows = rows.where('action', 'in', actions);
  const username = given('username').at(-1);
  if (username !== undefined) rows = rows.where('username_key', '=', normalisedKey(username));
  const address = given('client_ip').at(-1);
  if (address !== undefined) rows = rows.where('client_ip', '=', address);
  for (const [name, [column, path]] of Object.entries(MEMBERS)) {
    const value = given(name).at(-1);
    if (value !== undefined) rows = rows.where(sql<boolean>`${member(context, column, path)} = ${value}`);
  }
  for (const word of (given('search').at(-1) ?? '')
    .slice(0, 200)
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .slice(0, 5)) {
    const pattern = `%${word.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
    rows = rows.where(
      sql<boolean>`(lower(action) like ${pattern} escape '\\' or username_key like ${pattern} escape '\\'
        or lower(app) like ${pattern} escape '\\' or client_ip like ${pattern} escape '\\')`,
    );
  }
  return rows;
}

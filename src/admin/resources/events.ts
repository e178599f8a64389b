/** `events/events`: the audit log. It is read here, and others may add their own events; nothing in it is changed. */
import { randomUUID } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import { z } from 'zod';
import type { Json } from '../../core/declaration.ts';
import { EVENT_RETENTION_MILLISECONDS } from '../../core/events.ts';
import { invalid, notFound } from '../../core/fault.ts';
import { normalisedKey } from '../../core/names.ts';
import { wholeNumberOf } from '../conditions.ts';
import { keyOf } from '../endpoint.ts';
import { pageOf, pagingOf } from '../paging.ts';
import { permissionFor } from '../permissions.ts';
import type { Values } from '../resource.ts';
import { addRoute, Created, type Room } from '../room.ts';
import type { AdminContext } from '../services.ts';
import { readBody } from '../validation.ts';
import { denied } from '../visibility.ts';
import { eventActions } from './event-actions.ts';

const MODEL = 'authentik_events.event';
const PATH = 'events/events';
/** In characters of JSON. */
const LONGEST_CONTEXT = 16_000;
const DAY_MILLISECONDS = 24 * 3600 * 1000;

type EventRow = {
  id: string;
  created_at: number;
  expires_at: number;
  action: string;
  app: string;
  user: string;
  context: string;
  client_ip: string | null;
  brand: string;
};

const view = (row: EventRow): Values => ({
  pk: row.id,
  user: JSON.parse(row.user) as Json,
  action: row.action,
  app: row.app,
  context: JSON.parse(row.context) as Json,
  client_ip: row.client_ip,
  created: new Date(row.created_at).toISOString(),
  expires: new Date(row.expires_at).toISOString(),
  brand: JSON.parse(row.brand) as Json,
});

const columns = ['id', 'created_at', 'expires_at', 'action', 'app', 'user', 'context', 'client_ip', 'brand'] as const;

function allow(context: AdminContext, verb: 'view' | 'add'): void {
  if (!context.caller.can(permissionFor(verb, MODEL))) throw denied();
}

/** A member of a JSON column, as text. The path is ours, never the caller's. */
function member({ core }: AdminContext, column: string, path: readonly string[]): RawBuilder<string | null> {
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
function wanted(context: AdminContext) {
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

const ORDERS: Readonly<Record<string, 'created_at' | 'action' | 'app' | 'client_ip' | 'username_key'>> = {
  created: 'created_at',
  action: 'action',
  app: 'app',
  client_ip: 'client_ip',
  user: 'username_key',
};

async function list(context: AdminContext): Promise<unknown> {
  allow(context, 'view');
  const rows = wanted(context);
  const counted = rows.select((builder) => builder.fn.countAll<number>().as('count'));
  const count = (await counted.executeTakeFirstOrThrow()).count;
  const asked = context.query.get('ordering')?.at(-1) ?? '-created';
  const name = asked.replace(/^-/, '');
  const column = Object.hasOwn(ORDERS, name) ? (ORDERS[name] ?? 'created_at') : 'created_at';
  const direction = asked.startsWith('-') || !Object.hasOwn(ORDERS, name) ? 'desc' : 'asc';
  return pageOf(await pagingOf(context.core, context.query), count, async (limit, offset) => {
    const sorted = rows.select(columns).orderBy(column, direction).orderBy('id');
    return (await sorted.limit(limit).offset(offset).execute()).map(view);
  });
}

const body = () =>
  z.object({
    action: z
      .string()
      .max(200)
      .regex(/^custom_[\w.-]*$/, 'Only custom_… events can be added.'),
    app: z.string().min(1).max(200),
    context: z.record(z.string(), z.json()).optional(),
  });

/** Adds an event in the name of the caller, so that nobody can write that somebody else did something. */
async function create(context: AdminContext): Promise<unknown> {
  allow(context, 'add');
  const { core, caller, request } = context;
  const given = readBody(body(), request.body);
  const { pk, username, email } = caller.user;
  const text = JSON.stringify(given.context ?? {});
  if (text.length > LONGEST_CONTEXT) throw invalid({ context: ['Too large.'] });
  const at = core.now();
  const row = {
    id: randomUUID(),
    created_at: at,
    expires_at: at + EVENT_RETENTION_MILLISECONDS,
    action: given.action,
    app: given.app,
    user: JSON.stringify({ pk, username, email }),
    context: text,
    client_ip: request.requestOrigin.clientAddress,
    brand: '{}',
  };
  const username_key = normalisedKey(username);
  await core.database.write((transaction) =>
    transaction
      .insertInto('events')
      .values({ ...row, username_key })
      .execute(),
  );
  return new Created(view(row));
}

/** Per hour and action, how many there were in the last days. */
async function volume(context: AdminContext): Promise<unknown> {
  allow(context, 'view');
  const days = wholeNumberOf('history_days', context.query.get('history_days')?.at(-1) ?? '7');
  const since = context.core.now() - Math.min(Math.max(days, 1), 366) * DAY_MILLISECONDS;
  const hour = sql<number>`created_at - (created_at % 3600000)`;
  const rows = await wanted(context)
    .select((builder) => ['action', hour.as('hour'), builder.fn.countAll<number>().as('count')])
    .where('created_at', '>=', since)
    .groupBy(['action', hour])
    .orderBy('hour')
    .limit(10_000)
    .execute();
  return rows.map((row) => ({
    action: row.action,
    time: new Date(row.hour).toISOString(),
    count: row.count,
  }));
}

/** The applications that were entered most. */
async function topPerUser(context: AdminContext): Promise<unknown> {
  allow(context, 'view');
  const most = Math.min(Math.max(wholeNumberOf('top_n', context.query.get('top_n')?.at(-1) ?? '15'), 1), 100);
  const application = member(context, 'context', ['authorized_application', 'pk']);
  const described = member(context, 'context', ['authorized_application']);
  const rows = await wanted(context)
    .select((builder) => [
      sql<string>`max(${described})`.as('application'),
      builder.fn.countAll<number>().as('events'),
      sql<number>`count(distinct username_key)`.as('people'),
    ])
    .where(sql<boolean>`${application} is not null`)
    .groupBy(application)
    .orderBy('events', 'desc')
    .limit(most)
    .execute();
  return rows.map((row) => ({
    application: JSON.parse(row.application) as Json,
    counted_events: row.events,
    unique_users: row.people,
  }));
}

/** Adds the routes of events. */
export function mountEvents(room: Room): void {
  addRoute(room, 'GET', PATH, list);
  addRoute(room, 'POST', PATH, create);
  addRoute(room, 'GET', `${PATH}/actions`, async () => eventActions);
  addRoute(room, 'GET', `${PATH}/volume`, volume);
  addRoute(room, 'GET', `${PATH}/top_per_user`, topPerUser);
  addRoute(room, 'GET', `${PATH}/:key`, async (context) => {
    allow(context, 'view');
    const { read } = context.core.database;
    const id = keyOf(context.request).toLowerCase();
    const row = await read.selectFrom('events').select(columns).where('id', '=', id).executeTakeFirst();
    if (!row) throw notFound();
    return view(row);
  });
}

/** `events/events`: the audit log. It is read here, and others may add their own events; nothing in it is changed. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { z } from 'zod';
import type { Json } from '../../core/declaration.ts';
import { eventRetention, recordEvent } from '../../core/events.ts';
import { invalid, notFound } from '../../core/fault.ts';
import { wholeNumberOf } from '../conditions.ts';
import { keyOf } from '../endpoint.ts';
import { pageOf, pagingOf } from '../paging.ts';
import { permissionFor } from '../permissions.ts';
import { addRoute, Created, type Room } from '../room.ts';
import type { AdminContext } from '../services.ts';
import { readBody } from '../validation.ts';
import { denied } from '../visibility.ts';
import { eventActions } from './event-actions.ts';
import { eventColumns, member, viewOfEvent, wantedEvents } from './event-rows.ts';

const MODEL = 'authentik_events.event';
const PATH = 'events/events';
/** In characters of JSON. */
const LONGEST_CONTEXT = 16_000;
const DAY_MILLISECONDS = 24 * 3600 * 1000;

function allow(context: AdminContext, verb: 'view' | 'add'): void {
  if (!context.caller.can(permissionFor(verb, MODEL))) throw denied();
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
  const rows = wantedEvents(context);
  const counted = rows.select((builder) => builder.fn.countAll<number>().as('count'));
  const count = (await counted.executeTakeFirstOrThrow()).count;
  const asked = context.query.get('ordering')?.at(-1) ?? '-created';
  const name = asked.replace(/^-/, '');
  const column = Object.hasOwn(ORDERS, name) ? (ORDERS[name] ?? 'created_at') : 'created_at';
  const direction = asked.startsWith('-') || !Object.hasOwn(ORDERS, name) ? 'desc' : 'asc';
  return pageOf(await pagingOf(context.core, context.query), count, async (limit, offset) => {
    const sorted = rows.select(eventColumns).orderBy(column, direction).orderBy('id');
    const retention = await eventRetention(context.core.database.read);
    return (await sorted.limit(limit).offset(offset).execute()).map((row) => viewOfEvent(row, retention));
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
  const row = await core.database.write(async (transaction) => {
    const id = randomUUID();
    await recordEvent(transaction, core.now(), {
      id,
      action: given.action as `custom_${string}`,
      app: given.app,
      user: { pk, username, email },
      context: given.context ?? {},
      clientAddress: request.requestOrigin.clientAddress,
    });
    return transaction.selectFrom('events').select(eventColumns).where('id', '=', id).executeTakeFirstOrThrow();
  });
  return new Created(viewOfEvent(row, await eventRetention(core.database.read)));
}

/** Per hour and action, how many there were in the last days. */
async function volume(context: AdminContext): Promise<unknown> {
  allow(context, 'view');
  const days = wholeNumberOf('history_days', context.query.get('history_days')?.at(-1) ?? '7');
  const since = context.core.now() - Math.min(Math.max(days, 1), 366) * DAY_MILLISECONDS;
  const hour = sql<number>`created_at - (created_at % 3600000)`;
  const rows = await wantedEvents(context)
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
  const rows = await wantedEvents(context)
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
    const row = await read.selectFrom('events').select(eventColumns).where('id', '=', id).executeTakeFirst();
    if (!row) throw notFound();
    return viewOfEvent(row, await eventRetention(read));
  });
}

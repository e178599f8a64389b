/** The audit log: everything that happens is an event, written in the same unit of work as the thing itself. */
import { randomUUID } from 'node:crypto';
import type { Queries } from '../db/database.ts';
import { prepare } from '../db/prepared.ts';
import { parseDuration } from '../formats/duration.ts';
import type { Json } from './declaration.ts';
import { normalisedKey } from './names.ts';
import { readChangedSettings } from './system-settings.ts';

/** How long events are kept unless the settings say otherwise. */
const EVENT_RETENTION = 'days=365';
/** What one event may hold; longer contexts are cut, so that a stranger cannot fill the disk. */
const MOST_CONTEXT = 16_384;

/** What is asked of an event; more actions exist in later releases. */
export type EventAction =
  | 'login'
  | 'login_failed'
  | 'logout'
  | 'user_write'
  | 'suspicious_request'
  | 'password_set'
  | 'secret_view'
  | 'secret_rotate'
  | 'authorize_application'
  | 'policy_exception'
  | 'policy_execution'
  | 'property_mapping_exception'
  | 'configuration_error'
  | 'system_exception'
  | 'model_created'
  | 'model_updated'
  | 'model_deleted';

/** How long events are kept, in milliseconds. It counts for those that are there already too. */
export async function eventRetention(queries: Queries): Promise<number> {
  const { event_retention } = await readChangedSettings(queries);
  return parseDuration(typeof event_retention === 'string' ? event_retention : EVENT_RETENTION);
}

/** Who did it, as the event remembers after the account is gone. */
export type EventUser = { pk: number; username: string; email: string };

export type EventInput = {
  /** A UUID, for whoever wants to read the event again. */
  id?: string;
  action: EventAction | `custom_${string}`;
  /** The part of the program that says so, such as `authentik.providers.oauth2`. */
  app: string;
  user?: EventUser | undefined;
  context?: Record<string, Json>;
  clientAddress?: string | undefined;
  brand?: Record<string, Json>;
};

/** Writes an event. Secrets never belong in its context. */
export async function recordEvent(transaction: Queries, at: number, event: EventInput): Promise<void> {
  const context = JSON.stringify(event.context ?? {});
  await insertEvent(transaction, {
    id: event.id ?? randomUUID(),
    created_at: at,
    // How long it is kept is asked when it goes (`eventRetention`), so that a change counts for all at once.
    expires_at: at + parseDuration(EVENT_RETENTION),
    action: event.action,
    app: event.app,
    user: JSON.stringify(event.user ?? {}),
    username_key: normalisedKey(event.user?.username ?? ''),
    context: context.length <= MOST_CONTEXT ? context : JSON.stringify({ truncated: context.slice(0, MOST_CONTEXT) }),
    client_ip: event.clientAddress ?? null,
    brand: JSON.stringify(event.brand ?? {}),
  });
}

const insertEvent = prepare(
  (
    queries,
    row: {
      id: string;
      created_at: number;
      expires_at: number;
      action: string;
      app: string;
      user: string;
      username_key: string;
      context: string;
      client_ip: string | null;
      brand: string;
    },
  ) =>
    queries.insertInto('events').values({
      id: row.id,
      created_at: row.created_at,
      expires_at: row.expires_at,
      action: row.action,
      app: row.app,
      user: row.user,
      username_key: row.username_key,
      context: row.context,
      client_ip: row.client_ip,
      brand: row.brand,
    }),
);

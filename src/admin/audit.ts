/** The event that every change leaves, with what changed and without secrets. */
import type { Json } from '../core/declaration.ts';
import { type EventAction, recordEvent } from '../core/events.ts';
import type { StoredObject } from '../core/objects.ts';
import type { Declaration } from '../core/declaration.ts';
import { nameOfObject, wireKeyOf } from '../core/removal.ts';
import type { Queries } from '../db/database.ts';
import { partsOfModel } from './permissions.ts';
import { isShown } from './presentation.ts';
import type { Values } from './resource.ts';
import type { AdminContext } from './services.ts';

/** Longer values say that they changed, and not how. */
const LONGEST_VALUE = 2000;

export type Subject = { declaration: Declaration; object: StoredObject };

/** Names an object as events do. */
export function modelContext({ declaration, object }: Subject): Json {
  const { app, name } = partsOfModel(declaration.model);
  return { app, model_name: name, pk: String(wireKeyOf(declaration, object)), name: nameOfObject(object) };
}

/** Writes an event about an object. */
export async function recordAbout(
  transaction: Queries,
  context: AdminContext,
  action: EventAction,
  subject: Subject,
  more: Record<string, Json> = {},
): Promise<void> {
  const key = action === 'secret_view' ? 'secret' : 'model';
  await recordFrom(transaction, context, action, { [key]: modelContext(subject), ...more });
}

/** Writes an event about anything else. */
export async function recordFrom(
  transaction: Queries,
  { caller, request, core }: AdminContext,
  action: EventAction | `custom_${string}`,
  context: Record<string, Json>,
): Promise<void> {
  const { pk, username, email } = caller.user;
  const { pathname } = new URL(request.url, 'http://localhost');
  await recordEvent(transaction, core.now(), {
    action,
    app: 'authentik.api',
    user: { pk, username, email },
    clientAddress: request.requestOrigin.clientAddress,
    context: { ...context, http_request: { path: pathname, method: request.method, request_id: request.id } },
  });
}

/**
 * What changed, by field. `given` are the values of the request: of a secret and of
 * what is `unlogged` it is only told that it was among them.
 */
export function differenceOf(
  declaration: Declaration,
  before: StoredObject | undefined,
  after: StoredObject,
  given: Values,
  unlogged: readonly string[] = [],
): Record<string, Json> {
  const difference: Record<string, Json> = {};
  for (const [name, field] of Object.entries(declaration.fields)) {
    if (!isShown(field) || unlogged.includes(name)) {
      if (name in given) difference[name] = { previous_value: '********', new_value: '********' };
      continue;
    }
    const previous = before ? short(before.values[name]) : null;
    const next = short(after.values[name]);
    if (before && JSON.stringify(before.values[name]) === JSON.stringify(after.values[name])) continue;
    difference[name] = { previous_value: previous, new_value: next };
  }
  return difference;
}

function short(value: unknown): Json {
  if (value === undefined) return null;
  return JSON.stringify(value).length > LONGEST_VALUE ? '(long)' : (value as Json);
}

/** One entry of a blueprint carried out: find the object, and make, change, leave or remove it. */
import type { Core } from '../core/core.ts';
import type { Declaration, Json } from '../core/declaration.ts';
import { type EventUser, recordEvent } from '../core/events.ts';
import { Fault } from '../core/fault.ts';
import { numberColumn, type StoredObject } from '../core/objects.ts';
import { nameOfObject, removeObject, wireKeyOf } from '../core/removal.ts';
import type { Values } from '../core/rows.ts';
import { isForeignKeyViolation, type Queries } from '../db/database.ts';
import type { Entry } from './blueprint-file.ts';
import { findByFields, grantPermission } from './blueprints.store.ts';
import { AttributeFault, checkValues, isSame, requireAll } from './checked-values.ts';
import { type Evaluation, evaluate } from './evaluate.ts';
import { BlueprintFault } from './fault.ts';
import { pythonText } from './format.ts';
import { changeOne, createOne, givePassword, isSameSecret, requireUser, splitAttributes } from './model-rules.ts';
import type { Preparations } from './preparations.ts';
import type { Piece } from './read-yaml.ts';
import { isTrue } from './values.ts';

/** What became of one object. `key` is how the wire names it. */
export type Applied = {
  model: string;
  id: string;
  key: string | number;
  state: 'created' | 'updated' | 'unchanged' | 'deleted';
};

/** A blueprint being applied in a transaction. */
export type Application = {
  core: Core;
  transaction: Queries;
  models: ReadonlyMap<string, Declaration>;
  evaluation: Evaluation;
  preparations: Preparations;
  /** Objects that entries with an id made or found. */
  keys: Map<string, string | number>;
  applied: Applied[];
  user: EventUser | undefined;
};

const states = ['present', 'absent', 'created', 'must_created'] as const;
const SET_PASSWORD = 'authentik_blueprints.metausersetpassword';

/** Carries out one entry. Throws BlueprintFault with the line that is to blame. */
export async function applyEntry(application: Application, entry: Entry): Promise<void> {
  const { file } = application.evaluation;
  try {
    if (await conditionsHold(application, entry)) await carryOut(application, entry);
  } catch (fault) {
    if (fault instanceof BlueprintFault) throw fault;
    if (fault instanceof AttributeFault) throw new BlueprintFault(file, lineOf(entry, fault.attribute), fault.message);
    if (fault instanceof RangeError) throw new BlueprintFault(file, entry.line, fault.message);
    if (isForeignKeyViolation(fault)) {
      throw new BlueprintFault(file, entry.line, 'names an object that is not there', fault);
    }
    if (!(fault instanceof Fault)) throw fault;
    const [[field, messages] = []] = Object.entries(fault.fields ?? {});
    const reason = field === undefined ? fault.message : `${field}: ${messages?.join(' ')}`;
    throw new BlueprintFault(file, lineOf(entry, field), reason, fault);
  }
}

/** The meta model that includes another blueprint is carried out by whoever has that blueprint. */
export async function conditionsHold({ evaluation }: Application, entry: Entry): Promise<boolean> {
  for (const condition of entry.conditions) if (!isTrue(await evaluate(evaluation, condition))) return false;
  return true;
}

function lineOf(entry: Entry, attribute: string | undefined): number {
  for (const part of [entry.attrs, entry.identifiers]) {
    const piece = attribute !== undefined && part?.kind === 'map' ? part.entries.get(attribute) : undefined;
    if (piece) return piece.line;
  }
  return entry.line;
}

async function mapOf(
  { evaluation }: Application,
  piece: Piece | undefined,
  what: string,
): Promise<Record<string, Json>> {
  const value = piece ? await evaluate(evaluation, piece) : null;
  if (value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value;
  throw new RangeError(`${what} must be a map`);
}

async function carryOut(application: Application, entry: Entry): Promise<void> {
  const { core, transaction, models, evaluation } = application;
  const model = pythonText(await evaluate(evaluation, entry.model)).toLowerCase();
  if (model === SET_PASSWORD) return setPassword(application, entry);
  const declaration = models.get(model);
  if (!declaration)
    throw new BlueprintFault(evaluation.file, entry.model.line, `the model ${model.slice(0, 100)} is not known`);
  const asked = entry.state ? await evaluate(evaluation, entry.state) : 'present';
  const state = states.find((each) => each === asked);
  if (!state) throw new RangeError(`the state is one of ${states.join(', ')}`);
  const identifiers = await mapOf(application, entry.identifiers, 'identifiers');
  if (Object.keys(identifiers).length === 0) throw new RangeError('identifiers are missing');
  const existing = await findExisting(application, declaration, identifiers);
  if (state === 'absent') {
    if (!existing) return;
    const all = [...models.values()];
    for (const { declaration: its, object } of await removeObject(
      core.database,
      transaction,
      all,
      declaration,
      existing.id,
    )) {
      await record(application, its, object, 'deleted');
    }
    return;
  }
  if (existing && state === 'must_created') throw new RangeError('the object is there already');
  if (existing && state === 'created') return record(application, declaration, existing, 'unchanged', entry.id);
  const given = { ...(await mapOf(application, entry.attrs, 'attrs')), ...identifiers };
  const made = await (existing
    ? change(application, declaration, existing, given)
    : create(application, declaration, given));
  const granted = await grantPermissions(application, entry, declaration, made.object);
  const outcome = made.state === 'unchanged' && granted ? 'updated' : made.state;
  await record(application, declaration, made.object, outcome, entry.id);
}

/** Both the key and the other identifiers can find the object, the key first. */
async function findExisting(
  { transaction }: Application,
  declaration: Declaration,
  { pk, ...rest }: Record<string, Json>,
): Promise<StoredObject | undefined> {
  const byKey =
    pk === undefined || pk === null ? undefined : await findByFields(transaction, declaration, [['pk', pk]]);
  if (byKey || Object.keys(rest).length === 0) return byKey;
  return findByFields(transaction, declaration, Object.entries(rest));
}

type Made = { object: StoredObject; state: 'created' | 'updated' | 'unchanged' };

async function create(
  application: Application,
  declaration: Declaration,
  { pk, ...given }: Record<string, Json>,
): Promise<Made> {
  const { plain, apart } = splitAttributes(declaration.model, given);
  if (declaration.model === 'authentik_core.user' && !('name' in plain)) plain.name = plain.username ?? null;
  const values = checkValues(declaration, plain);
  requireAll(declaration, values);
  const id = typeof pk === 'string' && numberColumn(declaration) !== 'pk' ? pk : undefined;
  if (id !== undefined && !/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) {
    throw new AttributeFault('pk', 'pk: must be a UUID in lower case');
  }
  return { object: await createOne(application, declaration, values, apart, id), state: 'created' };
}

async function change(
  application: Application,
  declaration: Declaration,
  existing: StoredObject,
  { pk: _pk, ...given }: Record<string, Json>,
): Promise<Made> {
  const { core, transaction } = application;
  const { plain, apart } = splitAttributes(declaration.model, given);
  const changed: Values = {};
  for (const [name, value] of Object.entries(checkValues(declaration, plain))) {
    const field = declaration.fields[name];
    const same = field?.secret
      ? await isSameSecret(core, transaction, existing.id, name, value)
      : isSame(field, existing.values[name], value);
    if (!same) changed[name] = value;
  }
  const differs = await changeOne(application, declaration, existing, changed, apart);
  return { object: existing, state: differs ? 'updated' : 'unchanged' };
}

async function grantPermissions(
  { evaluation, transaction, models }: Application,
  entry: Entry,
  declaration: Declaration,
  object: StoredObject,
): Promise<boolean> {
  let changed = false;
  for (const piece of entry.permissions) {
    const value = await evaluate(evaluation, piece);
    const { permission, role, user } = (value ?? {}) as Record<string, Json>;
    if (typeof permission !== 'string' || !/^[\w.]{1,200}$/.test(permission)) {
      throw new BlueprintFault(evaluation.file, piece.line, 'permission: must be a name');
    }
    if (user !== undefined && user !== null) {
      throw new BlueprintFault(evaluation.file, piece.line, 'permissions are given to roles; give the person a role');
    }
    const roles = models.get('authentik_rbac.role');
    const found =
      roles && typeof role === 'string' ? await findByFields(transaction, roles, [['pk', role]]) : undefined;
    if (!found) throw new BlueprintFault(evaluation.file, piece.line, 'role: must be the UUID of a role');
    const full = permission.includes('.') ? permission : `${declaration.model.split('.')[0]}.${permission}`;
    if (await grantPermission(transaction, found.id, full, object.id)) changed = true;
  }
  return changed;
}

async function setPassword(application: Application, entry: Entry): Promise<void> {
  const users = application.models.get('authentik_core.user');
  const { user, password } = await mapOf(application, entry.attrs, 'attrs');
  if (!users) throw new RangeError('there are no people to give a password to');
  const person = await requireUser(application.transaction, users, user);
  if (typeof password !== 'string' || password === '') throw new AttributeFault('password', 'password: must be text');
  const changed = await givePassword(application, person.pk as number, password);
  await record(application, users, person, changed ? 'updated' : 'unchanged', entry.id);
}

async function record(
  { core, transaction, applied, keys, user, evaluation }: Application,
  declaration: Declaration,
  object: StoredObject,
  state: Applied['state'],
  entryId?: string,
): Promise<void> {
  const key = wireKeyOf(declaration, object);
  applied.push({ model: declaration.model, id: object.id, key, state });
  if (entryId !== undefined && !keys.has(entryId)) keys.set(entryId, key);
  if (state === 'unchanged') return;
  const [app = '', modelName = ''] = declaration.model.split('.');
  await recordEvent(transaction, core.now(), {
    action: `model_${state}`,
    app: 'authentik.blueprints',
    user,
    context: { model: { app, model_name: modelName, pk: key, name: nameOfObject(object) }, blueprint: evaluation.file },
  });
}

/**
 * Blueprints: objects written as YAML (version 1 of authentik's format), applied in one transaction.
 *
 * Owns the text, its tags and its entries. The models are handed in; what an object is made of is said by their
 * declarations, and whoever may apply a blueprint is decided by the caller: it takes a superuser, since a blueprint
 * can make one.
 */
import type { Core } from '../core/core.ts';
import type { Declaration, Json } from '../core/declaration.ts';
import type { EventUser } from '../core/events.ts';
import type { CheckExpression } from '../core/expression-texts.ts';
import type { StoredObject } from '../core/objects.ts';
import { wireKeyOf } from '../core/removal.ts';
import type { Queries } from '../db/database.ts';
import { readBlueprint } from './blueprint-file.ts';
import { findByFields, lookupDeclaration, readInstance } from './blueprints.store.ts';
import { type Application, type Applied, applyEntry, conditionsHold } from './entries.ts';
import { BlueprintFault } from './fault.ts';
import { readInside } from './folder.ts';
import { limits } from './limits.ts';
import { APPLY_BLUEPRINT, evaluationOf, isRequired, type Loaded, loadBlueprint, type Source } from './loading.ts';
import { type ObjectName, writeBlueprint } from './writing.ts';
import { Preparations, PreparationsWanted } from './preparations.ts';

export type BlueprintsOptions = {
  core: Core;
  /** Every model there is: core nouns, stages, policies, mappings, providers. */
  models: readonly Declaration[];
  /** The blueprint folder; without one `!File` and `fromFolder` find nothing. */
  folder?: string | undefined;
  /** The folder of the program's own data, never read by a blueprint. */
  dataFolder?: string | undefined;
  /** What `!Env` sees, without this program's own settings. */
  environment?: Readonly<Record<string, string | undefined>>;
  /** Blueprints that others may include by name. */
  shipped?: readonly Source[];
  /** Says whether the text of an expression may be stored. Without it none is looked at. */
  checkExpression?: CheckExpression | undefined;
};

export type ApplyOptions = {
  /** Who does it, for the audit log. */
  user?: EventUser | undefined;
  /** Runs first in the same transaction; when it says false, nothing is applied. */
  first?: (transaction: Queries) => Promise<boolean>;
  /** The text is the program's own, so its expressions need not be read before. */
  ownText?: boolean;
};

export type Result = { applied: Applied[] };

export type Blueprints = {
  /**
   * Applies one blueprint, or several in order, in one transaction. Throws BlueprintFault with file, line and
   * reason; then nothing has changed. The caller has made sure that the person is a superuser.
   */
  apply(source: Source | readonly Source[], options?: ApplyOptions): Promise<Result>;
  /** Finds out what `apply` would do, and does nothing. Throws the same faults, except for those of passwords. */
  validate(source: Source): Promise<Result>;
  /**
   * Writes objects as a blueprint: each with what belongs to it and what it is made of, without secrets. The caller
   * has made sure that the person may see all of it. Throws not_found.
   */
  write(roots: readonly ObjectName[]): Promise<string>;
  /** A file of the blueprint folder, trusted. Undefined when it is not there; RangeError for one outside. */
  fromFolder(path: string): Promise<Source | undefined>;
};

/** How often a unit begins again because it lacked something. */
const MOST_ROUNDS = 5;

/** Thrown to leave a transaction without changing anything. */
class Leave extends Error {
  readonly result: Result;
  constructor(result: Result) {
    super('nothing is to be kept');
    this.result = result;
  }
}

export function makeBlueprints(options: BlueprintsOptions): Blueprints {
  const { core, folder, dataFolder, environment = {}, shipped = [], checkExpression } = options;
  const models = new Map(options.models.map((each) => [each.model, each]));
  const folders = { folder, dataFolder };

  const fromFolder = async (path: string): Promise<Source | undefined> => {
    const text = await readInside(folders, path, limits.text * 4);
    return text === undefined ? undefined : { name: path, text, trusted: true };
  };
  const byName = async ({ name, path }: Readonly<Record<string, string>>): Promise<Source | undefined> => {
    for (const source of shipped) {
      if (path !== undefined ? source.name === path : name === (await readBlueprint(source.name, source.text)).name) {
        return source;
      }
    }
    const instance = await readInstance(core.database.read, { name, path });
    if (instance && instance.content !== '') {
      return { name: instance.name, text: instance.content, trusted: false, context: instance.context };
    }
    const file = instance?.path ?? path;
    return file ? fromFolder(file) : undefined;
  };
  const loadAll = async (sources: readonly Source[]): Promise<Loaded[]> => {
    const begun = new Map<string, Loaded | undefined>();
    const loaded: Loaded[] = [];
    for (const each of sources) loaded.push(await loadBlueprint({ folders, environment, byName }, each, begun));
    return loaded;
  };

  /** One run of the unit. All that it remembers is made afresh, since the database may run it again. */
  const run = async (
    transaction: Queries,
    loaded: readonly Loaded[],
    preparations: Preparations,
    { user, first }: ApplyOptions,
  ): Promise<Result> => {
    preparations.begin();
    const applied: Applied[] = [];
    if (first && !(await first(transaction))) return { applied };
    const done = new Set<Loaded>();
    for (const each of loaded)
      await applyLoaded({ core, transaction, models, preparations, applied, user }, each, done);
    return { applied };
  };

  return {
    fromFolder,
    write: (roots) => writeBlueprint(core.database.read, models, roots),
    async apply(source, applyOptions = {}) {
      const loaded = await loadAll([source].flat());
      const preparations = new Preparations(core.passwords, applyOptions.ownText ? undefined : checkExpression);
      // Each round can only find more to prepare while others change them at the same time.
      for (let round = 1; ; round += 1) {
        try {
          const result = await core.database.write(async (transaction) => {
            const made = await run(transaction, loaded, preparations, applyOptions);
            preparations.finish();
            return made;
          });
          core.configuration.clear();
          return result;
        } catch (fault) {
          if (!(fault instanceof PreparationsWanted) || round >= MOST_ROUNDS) throw fault;
          await preparations.prepare();
        }
      }
    },
    async validate(source) {
      const loaded = await loadAll([source]);
      const preparations = new Preparations(core.passwords, checkExpression);
      for (let round = 1; ; round += 1) {
        try {
          return await core.database.write(async (transaction): Promise<Result> => {
            const result = await run(transaction, loaded, preparations, {});
            preparations.finishChecks();
            throw new Leave(result);
          });
        } catch (fault) {
          if (fault instanceof Leave) return fault.result;
          if (!(fault instanceof PreparationsWanted) || round >= MOST_ROUNDS) throw fault;
          await preparations.check();
        }
      }
    },
  };
}

type Shared = Pick<Application, 'core' | 'transaction' | 'models' | 'preparations' | 'applied' | 'user'>;

async function applyLoaded(shared: Shared, loaded: Loaded, done: Set<Loaded>): Promise<void> {
  if (done.has(loaded)) return;
  done.add(loaded);
  const { transaction, models } = shared;
  const { blueprint, included, outside } = loaded;
  const keys = new Map<string, string | number>();
  const find = async (model: string, conditions: readonly (readonly [string, Json])[]) => {
    const declaration = lookupDeclaration(models, model.toLowerCase());
    if (!declaration) throw new RangeError(`the model ${model.slice(0, 100)} is not known`);
    const object = await findByFields(transaction, declaration, conditions);
    return object && shownOf(declaration, object);
  };
  const evaluation = evaluationOf(blueprint, { ...outside, keyOf: (id) => keys.get(id), find });
  const application = { ...shared, evaluation, keys };
  for (const entry of blueprint.entries) {
    const isInclude = entry.model.kind === 'scalar' && String(entry.model.value).toLowerCase() === APPLY_BLUEPRINT;
    if (!isInclude) await applyEntry(application, entry);
    else if (await conditionsHold(application, entry)) {
      const other = included.get(entry);
      if (other) await applyLoaded(shared, other, done);
      else if (await isRequired(evaluation, entry)) {
        throw new BlueprintFault(blueprint.file, entry.line, 'the blueprint that it includes is not there');
      }
    }
  }
}

/** What a lookup tells of an object: never a secret, nor what its API would not show. */
function shownOf(declaration: Declaration, object: StoredObject): Record<string, Json> {
  const fields = Object.entries(declaration.fields).filter(([, field]) => !field.secret && !field.disclosure);
  const shown = fields.map(([name]): [string, Json] => [name, (object.values[name] ?? null) as Json]);
  return Object.fromEntries([...shown, ['pk', wireKeyOf(declaration, object)], ['uuid', object.id]]);
}

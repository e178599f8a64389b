/** What every start does before anything else: the blueprints at hand, and the very first start done once. */
import { type Blueprints, makeBlueprints } from '../blueprints/blueprints.ts';
import { shippedBlueprints } from '../blueprints/shipped.ts';
import type { Config } from '../config.ts';
import { bootstrap } from '../core/bootstrap.ts';
import type { Core } from '../core/core.ts';
import { Fault } from '../core/fault.ts';
import { setupState } from '../core/setup.ts';
import type { Expressions } from '../expressions/expressions.ts';
import { models } from './models.ts';

const TOO_LATE =
  'OSTIARY_BOOTSTRAP_PASSWORD and OSTIARY_BOOTSTRAP_TOKEN count at the very first start only, and there has been one. ' +
  'Make the administrator on the set-up page, or begin again with an empty data folder.';

/**
 * Makes the blueprints and, on an empty database, the default objects. A server and a command do the same, so that
 * either may come first. Throws `bootstrap` for a first token that can be guessed.
 */
export async function firstStart(core: Core, config: Config, expressions: Expressions): Promise<Blueprints> {
  const shipped = await shippedBlueprints();
  const blueprints = makeBlueprints({
    core,
    models: models(),
    folder: config.blueprintsDirectory,
    dataFolder: config.dataDirectory,
    environment: process.env,
    shipped,
    checkExpression: expressions.check,
  });
  try {
    const isFirst = await bootstrap(core, {
      applyDefaults: (first) => blueprints.apply(shipped, { first, ownText: true }),
      ...config.bootstrap,
    });
    const { password, token } = config.bootstrap;
    if (!isFirst && (password ?? token) !== undefined && (await setupState(core)) === 'open')
      core.log.warn({}, TOO_LATE);
  } catch (fault) {
    if (!(fault instanceof RangeError)) throw fault;
    throw new Fault('bootstrap', `OSTIARY_BOOTSTRAP_TOKEN: ${fault.message}.`, { cause: fault });
  }
  return blueprints;
}

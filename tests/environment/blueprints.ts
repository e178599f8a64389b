/** Blueprints on a database of their own, with a folder, and short words for what tests ask of them. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Blueprints, makeBlueprints } from '../../src/blueprints/blueprints.ts';
import { BlueprintFault } from '../../src/blueprints/fault.ts';
import type { Source } from '../../src/blueprints/loading.ts';
import type { Core } from '../../src/core/core.ts';
import { type Declaration, declare, text } from '../../src/core/declaration.ts';
import { applicationModel, brandModel, policyBindingModel } from '../../src/core/models/access.ts';
import { certificateModel } from '../../src/core/models/certificate.ts';
import { flowModel, flowStageBindingModel } from '../../src/core/models/flow.ts';
import { groupModel, roleModel, tokenModel, userModel } from '../../src/core/models/people.ts';
import { findObject } from '../../src/core/objects.ts';
import { openTestCore, type TestCore } from './core.ts';
import type { DatabaseEngine } from './databases.ts';

/** A stage with a secret, of no use but in tests. */
export const noteStage = declare({
  model: 'test_stages.note',
  table: 'stages',
  kind: 'note',
  verboseName: 'Note',
  verboseNamePlural: 'Notes',
  fields: {
    name: text({ min: 1, column: 'name', keyColumn: 'name_key' }),
    words: text({ default: '' }),
    key: text({ default: '', secret: true }),
  },
});

/** The nouns of the core. */
export const coreModels: readonly Declaration[] = [
  applicationModel,
  brandModel,
  policyBindingModel,
  certificateModel,
  flowModel,
  flowStageBindingModel,
  groupModel,
  roleModel,
  tokenModel,
  userModel,
] as readonly Declaration[];

type More = { trusted?: boolean; context?: Record<string, string> };

export type BlueprintTest = {
  open: TestCore;
  core: Core;
  models: readonly Declaration[];
  blueprints: Blueprints;
  /** The folder above the blueprint folder, which is `inside`. */
  folder: string;
  inside: string;
  /** Applies entries, which begin at line 3 of `a.yaml`, and tells what became of each object. */
  states(entries: string, more?: More): Promise<string[]>;
  /** The entries are refused with this line and reason. */
  refused(entries: string, line: number, reason: RegExp, more?: More): Promise<void>;
  group(name: string): ReturnType<typeof findObject<typeof groupModel.fields>>;
  user(username: string): ReturnType<typeof findObject<typeof userModel.fields>>;
  close(): Promise<void>;
};

export async function openBlueprintTest(
  engine: DatabaseEngine,
  shipped: readonly Source[] = [],
): Promise<BlueprintTest> {
  const open = await openTestCore(engine);
  const { core } = open;
  const folder = mkdtempSync(join(tmpdir(), 'ostiary-blueprints-'));
  const inside = join(folder, 'inside');
  mkdirSync(inside);
  writeFileSync(join(inside, 'note.txt'), 'words of a file\n');
  const models = [...coreModels, noteStage as unknown as Declaration];
  const blueprints = makeBlueprints({
    core,
    models,
    folder: inside,
    environment: { GREETING: 'hello', OSTIARY_SECRET_KEY: 'hidden', AUTHENTIK_SECRET_KEY: 'hidden' },
    shipped,
  });
  const states: BlueprintTest['states'] = async (entries, { trusted = true, context = {} } = {}) => {
    const source = { name: 'a.yaml', text: `version: 1\nentries:\n${entries}`, trusted, context };
    return (await blueprints.apply(source)).applied.map((each) => each.state);
  };
  return {
    open,
    core,
    models,
    blueprints,
    folder,
    inside,
    states,
    async refused(entries, line, reason, more) {
      await assert.rejects(states(entries, more), (fault) => {
        if (!(fault instanceof BlueprintFault)) throw fault;
        assert.match(fault.reason, reason);
        assert.ok(fault.message.startsWith(`a.yaml:${line}: `), fault.message);
        return true;
      });
    },
    group: (name) => findObject(core.database.read, groupModel, { name }),
    user: (username) => findObject(core.database.read, userModel, { username }),
    async close() {
      await open.close();
      rmSync(folder, { recursive: true });
    },
  };
}

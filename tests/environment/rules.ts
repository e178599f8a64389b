/** What tests of rules do over and over: make policies, and change what is bound in a flow. */
import type { TestOstiary } from './ostiary.ts';
import { bumpConfiguration } from '../../src/core/configuration.ts';
import { expression } from '../../src/policies/expression/expression.ts';

export type Rules = {
  /** A name that no other flow has. */
  slugOf(name: string): string;
  /** A policy of this JavaScript; returns its identifier. */
  policy(source: string): Promise<string>;
  flowId(slug: string): Promise<string>;
  /** The stage bindings of a flow, in order. */
  bindingsOf(slug: string): Promise<string[]>;
  /** Changes settings of a stage binding, as an administrator would. */
  change(bindingId: string, settings: Record<string, unknown>): Promise<void>;
};

/** The tools for one Ostiary, which may be started later. */
export function rulesOf(current: () => TestOstiary): Rules {
  let made = 0;
  const slugOf = (name: string): string => `${name}-${(made += 1)}`;
  const flowId = async (slug: string): Promise<string> => {
    const { read } = current().core.database;
    return (await read.selectFrom('flows').select('id').where('slug', '=', slug).executeTakeFirstOrThrow()).id;
  };
  return {
    slugOf,
    flowId,
    async policy(source) {
      const values = { name: slugOf('policy'), language: 'javascript', expression: source };
      return (await current().make(expression.declaration, values as never)).id;
    },
    async bindingsOf(slug) {
      const rows = await current()
        .core.database.read.selectFrom('flow_stage_bindings')
        .select('id')
        .where('flow_id', '=', await flowId(slug))
        .orderBy('position')
        .execute();
      return rows.map((row) => row.id);
    },
    async change(bindingId, settings) {
      const { database, configuration } = current().core;
      await database.write(async (transaction) => {
        const row = await transaction
          .selectFrom('flow_stage_bindings')
          .select('settings')
          .where('id', '=', bindingId)
          .executeTakeFirstOrThrow();
        await transaction
          .updateTable('flow_stage_bindings')
          .set({ settings: JSON.stringify({ ...(JSON.parse(row.settings) as object), ...settings }) })
          .where('id', '=', bindingId)
          .execute();
        await bumpConfiguration(database, transaction);
      });
      configuration.clear();
    },
  };
}

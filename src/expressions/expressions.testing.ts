/** For the tests of this room: one sandbox for a file, and expressions as short as the stories need them. */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { makeExpressions } from './expressions.ts';
import type { ExpressionFailure, ExpressionRequest, ExpressionsOptions, Json } from './expressions.ts';

type More = Partial<Omit<ExpressionRequest, 'language' | 'source'>>;

export const openExpressions = (options?: ExpressionsOptions) => {
  const expressions = makeExpressions(options);
  after(() => expressions.close());
  const run = (source: string, more: More = {}) =>
    expressions.evaluate({ language: 'javascript', source, context: {}, ...more });
  return {
    expressions,
    run,
    /** The value of an expression that must succeed. */
    value: async (source: string, more?: More): Promise<Json> => {
      const result = await run(source, more);
      assert.ok(result.ok, result.ok ? '' : `${result.kind}: ${result.message}`);
      return result.value;
    },
    /** The failure of an expression that must not succeed. */
    failure: async (source: string, more?: More): Promise<ExpressionFailure> => {
      const result = await run(source, more);
      assert.ok(!result.ok, `it returned ${result.ok ? JSON.stringify(result.value).slice(0, 200) : ''}`);
      return result;
    },
  };
};

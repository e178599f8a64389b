/** Whether expressions may be stored: the one rule of the API and of blueprints. Runs nothing itself. */
import { type Declaration, defaultOf, type ExpressionText } from './declaration.ts';
import { invalid } from './fault.ts';
import type { Values } from './rows.ts';

/** What is wrong with the text of an expression, if anything; `line` counts from 1. */
export type CheckedExpression = { ok: true } | { ok: false; message: string; line?: number };
export type CheckExpression = (language: ExpressionText['language'], source: string) => Promise<CheckedExpression>;

/** The expressions that a change would store: all of a new object, and of one that is there those that differ. */
export function expressionsToStore(
  declaration: Declaration,
  given: Values,
  before?: Values,
): [field: string, text: ExpressionText][] {
  const known = before && declaration.expressions?.(before);
  const after = declaration.expressions?.({ ...(before ?? defaultsOf(declaration)), ...given });
  return Object.entries(after ?? {}).filter(
    ([name, { language, source }]) => known?.[name]?.source !== source || known[name].language !== language,
  );
}

const defaultsOf = ({ fields }: Declaration): Values =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, defaultOf(field)]));

/** Throws `invalid` for the field of an expression that cannot be read. */
export function refuseUnreadable(field: string, checked: CheckedExpression): void {
  if (checked.ok) return;
  throw invalid({
    [field]: [checked.line === undefined ? checked.message : `Line ${checked.line}: ${checked.message}`],
  });
}

/** Looks at every expression that a change would store. Throws `invalid`. Takes time: never inside a unit of work. */
export async function requireExpressions(
  check: CheckExpression,
  declaration: Declaration,
  given: Values,
  before?: Values,
): Promise<void> {
  for (const [field, { language, source }] of expressionsToStore(declaration, given, before)) {
    refuseUnreadable(field, await check(language, source));
  }
}

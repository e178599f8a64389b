import type { TestOstiary } from '../../../tests/environment/ostiary.ts';
import { mappings } from '../../registry.ts';

/** Makes a scope with an expression; returns its identifier. */
export async function scopeMappingOf(
  ostiary: TestOstiary,
  scope: string,
  expression: string,
  language: 'python' | 'javascript',
): Promise<string> {
  const kind = mappings.find((each) => each.kind === 'scope');
  if (!kind) throw new Error('scope mappings are not registered');
  const values = { name: `the scope ${scope}`, scope_name: scope, expression, language, description: '' };
  return (await ostiary.make(kind.declaration, values)).id;
}

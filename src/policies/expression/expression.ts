/**
 * The policy that an administrator writes as an expression. Owns the names that the expression sees. Does not own the
 * sandbox, nor what a failure means: that is said by the binding.
 */
import { choice, declare, flag, text, type Json } from '../../core/declaration.ts';
import { personInScope } from '../../core/person-in-scope.ts';
import { definePolicy, type PolicyRequest } from '../policy.ts';

const declaration = declare({
  model: 'authentik_policies_expression.expressionpolicy',
  table: 'policies',
  kind: 'expression',
  component: 'ak-policy-expression-form',
  verboseName: 'Expression Policy',
  verboseNamePlural: 'Expression Policies',
  fields: {
    name: text({ min: 1, column: 'name', keyColumn: 'name_key' }),
    execution_logging: flag(false, { help: 'Log each time that this policy is evaluated.' }),
    expression: text({ max: 65_536, widget: 'expression', help: 'Returns whether the policy passes.' }),
    language: choice(['python', 'javascript'], {
      default: 'python',
      help: 'What the expression is written in. Python is stored; JavaScript runs.',
    }),
  },
  expressions: ({ expression, language }) => ({ expression: { language, source: expression } }),
});

/** Passes when its expression returns something true. Throws when the expression fails or is written in Python. */
export const expression = definePolicy({
  kind: 'expression',
  path: 'policies/expression',
  declaration,
  async judge({ expressions, settings, request }) {
    const result = await expressions.evaluate({
      language: settings.language,
      source: settings.expression,
      context: await scopeOf(request),
    });
    if (!result.ok) {
      const line = result.line === undefined ? '' : ` (line ${result.line})`;
      throw new Error(`policy ${settings.name}: ${result.message}${line}`);
    }
    return {
      passing: Boolean(result.value),
      messages: [...result.messages],
      ...(result.logs.length > 0 && { logs: [...result.logs] }),
    };
  },
});

/** The names in scope, as authentik calls them. */
async function scopeOf(request: PolicyRequest): Promise<Record<string, Json>> {
  const { user, context } = request;
  const client = request.clientAddress ?? null;
  const person = user ? personInScope(user, await request.memberships()) : null;
  return {
    request: { user: person, context, client_ip: client },
    context,
    ak_client_ip: client,
    ak_is_sso_flow: context.is_sso === true,
  };
}

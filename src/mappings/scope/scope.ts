/**
 * Scope mappings: what an OAuth2 client learns of a person for one scope. Owns the declaration and the mappings that
 * every installation has. Does not own how expressions are run or where claims go: that is the protocol's.
 */
import { choice, declare, nullableText, text } from '../../core/declaration.ts';
import { defineMapping } from '../mapping.ts';
import { managedScopes } from './managed.ts';

/** One scope, the words under which people consent to it, and the expression that returns its claims. */
export const scopeMappingModel = declare({
  model: 'authentik_providers_oauth2.scopemapping',
  table: 'property_mappings',
  kind: 'scope',
  verboseName: 'Scope Mapping',
  verboseNamePlural: 'Scope Mappings',
  component: 'ak-property-mapping-provider-scope-form',
  fields: {
    managed: nullableText({ column: 'managed', max: 255 }),
    name: text({ min: 1, column: 'name', keyColumn: 'name_key' }),
    expression: text({ max: 65_536, widget: 'expression', help: 'Returns an object of claims.' }),
    language: choice(['python', 'javascript'], {
      default: 'python',
      help: 'What the expression is written in. Python is stored; JavaScript runs.',
    }),
    scope_name: text({ min: 1, max: 255, column: 'scope_name', help: 'Scope which the client can ask for.' }),
    description: text({
      default: '',
      max: 4000,
      help: 'What people are told when they are asked for consent. Without it they are not told of the scope.',
    }),
  },
  expressions: ({ expression, language }) => ({ expression: { language, source: expression } }),
});

export const scope = defineMapping({
  kind: 'scope',
  path: 'propertymappings/provider/scope',
  declaration: scopeMappingModel,
  managed: managedScopes,
});

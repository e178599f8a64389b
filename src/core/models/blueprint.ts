import { attributes, declare, flag, moment, text } from '../declaration.ts';

/** A file or text of objects that is kept applied. */
export const blueprintModel = declare({
  model: 'authentik_blueprints.blueprintinstance',
  table: 'blueprints',
  verboseName: 'Blueprint Instance',
  verboseNamePlural: 'Blueprint Instances',
  fields: {
    name: text({ min: 1, column: 'name', keyColumn: 'name_key' }),
    path: text({ default: '', max: 1000, column: 'path' }),
    context: attributes(),
    enabled: flag(true, { column: 'enabled', storage: 'flag' }),
    content: text({ default: '', max: 1_000_000 }),
    status: text({ default: 'unknown', column: 'status', readOnly: true }),
    last_applied: moment({ column: 'last_applied_at', readOnly: true }),
    last_applied_hash: text({ default: '', readOnly: true }),
    metadata: attributes({ readOnly: true }),
    managed_models: { ...attributes(), readOnly: true },
  },
});

import { choice, declare, flag, integer, reference, slug, text } from '../declaration.ts';

export const policyEngineMode = () => choice(['all', 'any'], { default: 'any' });

/** What a flow is for. */
export const designations = [
  'authentication',
  'authorization',
  'invalidation',
  'enrollment',
  'unenrollment',
  'recovery',
  'stage_configuration',
] as const;

/** A sequence of stages that a person goes through. */
export const flowModel = declare({
  model: 'authentik_flows.flow',
  table: 'flows',
  verboseName: 'Flow',
  verboseNamePlural: 'Flows',
  fields: {
    name: text({ min: 1, column: 'name', keyColumn: 'name_key' }),
    slug: slug({ column: 'slug', help: 'Visible in the URL.' }),
    title: text({ min: 1, max: 1000, help: 'Shown as the title of the pages.' }),
    designation: choice(designations, { column: 'designation', help: 'Decides what this flow is used for.' }),
    background: text({ default: '', max: 1000, help: 'Background shown during the flow.' }),
    policy_engine_mode: policyEngineMode(),
    compatibility_mode: flag(false),
    layout: choice(
      [
        'stacked',
        'content_left',
        'content_right',
        'sidebar_left',
        'sidebar_right',
        'sidebar_left_frame_background',
        'sidebar_right_frame_background',
      ],
      { default: 'stacked' },
    ),
    denied_action: choice(['message_continue', 'message', 'continue'], {
      default: 'message_continue',
      help: 'What happens when the flow is denied: a message, or on to the address that was asked for.',
    }),
    authentication: choice(
      [
        'none',
        'require_authenticated',
        'require_unauthenticated',
        'require_superuser',
        'require_redirect',
        'require_outpost',
        'require_token',
      ],
      { default: 'none', help: 'Who may start the flow.' },
    ),
  },
});

/** One stage in one flow, with its place in the order. */
export const flowStageBindingModel = declare({
  model: 'authentik_flows.flowstagebinding',
  table: 'flow_stage_bindings',
  verboseName: 'Flow Stage Binding',
  verboseNamePlural: 'Flow Stage Bindings',
  fields: {
    target: reference('flows', { column: 'flow_id', whenDeleted: 'cascade' }),
    stage: reference('stages', { column: 'stage_id', whenDeleted: 'cascade' }),
    evaluate_on_plan: flag(false, { help: 'Evaluate policies while the flow is planned.' }),
    re_evaluate_policies: flag(true, { help: 'Evaluate policies just before the stage is shown.' }),
    order: integer({ column: 'position' }),
    policy_engine_mode: policyEngineMode(),
    invalid_response_action: choice(['retry', 'restart', 'restart_with_context'], {
      default: 'retry',
      help: 'What happens after an answer that was not valid.',
    }),
  },
});

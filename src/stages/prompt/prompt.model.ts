/** What is stored of prompts: the stage that asks, and each thing that it can ask for. */
import { z } from 'zod';
import { choice, declare, flag, integer, references, text } from '../../core/declaration.ts';
import type { Declaration } from '../../core/declaration.ts';
import type { Part } from '../stage.ts';
import { promptTypes } from './prompt.wire.ts';

/** One stage asks for at most this many things. */
const MOST_FIELDS = 100;
/** Names that the form itself uses, and one that would reach a prototype. */
const RESERVED = /^(?:component|run|version|next)$|(?:^|\.)__proto__(?:\.|$)/;

/** One thing to ask for; several stages can ask for the same. */
export const promptModel = declare({
  model: 'authentik_stages_prompt.prompt',
  table: 'prompts',
  verboseName: 'Prompt',
  verboseNamePlural: 'Prompts',
  fields: {
    name: text({ min: 1, max: 255, column: 'name', keyColumn: 'name_key' }),
    field_key: {
      ...text({ column: 'field_key', help: 'Name of the field, under which its answer is kept.' }),
      schema: () =>
        z
          .string()
          .min(1)
          .max(200)
          .regex(/^[^\s\0]+$/, 'Blanks are not allowed.')
          .refine((key) => !RESERVED.test(key), 'This name is reserved.'),
    },
    label: text({ max: 1000 }),
    type: choice(promptTypes),
    required: flag(true),
    placeholder: text({ default: '', max: 20_000, help: 'Shown in an empty field; the choice of a list.' }),
    initial_value: text({ default: '', max: 20_000, help: 'What the field holds at first.' }),
    order: integer({ default: 0 }),
    sub_text: text({ default: '', max: 10_000, help: 'Words under the field.' }),
    placeholder_expression: flag(false, {
      help: 'The placeholder is an expression; of a list, it returns the choices.',
    }),
    initial_value_expression: flag(false, { help: 'The initial value is an expression.' }),
    language: choice(['python', 'javascript'], {
      default: 'python',
      help: 'What the expressions are written in. Python is stored; JavaScript runs.',
    }),
  },
  expressions: ({ language, ...values }) => ({
    ...(values.placeholder_expression && { placeholder: { language, source: values.placeholder } }),
    ...(values.initial_value_expression && { initial_value: { language, source: values.initial_value } }),
  }),
});

/** The stage that asks. */
export const promptStageModel = declare({
  model: 'authentik_stages_prompt.promptstage',
  table: 'stages',
  kind: 'prompt',
  component: 'ak-stage-prompt-form',
  verboseName: 'Prompt Stage',
  verboseNamePlural: 'Prompt Stages',
  fields: {
    name: text({ min: 1, column: 'name', keyColumn: 'name_key' }),
    fields: {
      ...references('prompts', { help: 'What is asked for, in the order of the prompts themselves.' }),
      schema: () => z.array(z.uuid('Must be a valid UUID.') as unknown as z.ZodType<string>).max(MOST_FIELDS),
    },
    validation_policies: references('policies', { help: 'All must accept the answers.' }),
  },
});

/** What the prompt stage brings beside its settings. */
export const promptPart: Part = {
  path: 'stages/prompt/prompts',
  declaration: promptModel as unknown as Declaration,
  search: ['name_key', 'field_key'],
  holders: { property: 'prompt_stages_obj', model: 'authentik_stages_prompt.promptstage', field: 'fields' },
};

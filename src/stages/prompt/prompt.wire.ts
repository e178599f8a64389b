/** What crosses the wire when a flow asks a person to fill in fields. */
import { z } from 'zod';

/** The kinds of field. */
export const promptTypes = [
  'text',
  'text_area',
  'text_read_only',
  'text_area_read_only',
  'username',
  'email',
  'password',
  'number',
  'checkbox',
  'radio-button-group',
  'dropdown',
  'date',
  'date-time',
  'file',
  'separator',
  'hidden',
  'static',
  'alert_info',
  'alert_warning',
  'alert_danger',
  'ak-locale',
] as const;

/** The types that show something and are never answered. */
export const silentPromptTypes = ['separator', 'static', 'alert_info', 'alert_warning', 'alert_danger'] as const;

export const promptField = () =>
  z.object({
    field_key: z.string(),
    label: z.string(),
    type: z.enum(promptTypes),
    required: z.boolean(),
    placeholder: z.string(),
    initial_value: z.string(),
    order: z.int(),
    /** Plain words under the field. */
    sub_text: z.string(),
    choices: z.array(z.object({ value: z.string(), label: z.string() })).nullable(),
  });
export type PromptField = z.infer<ReturnType<typeof promptField>>;

export const promptChallenge = () =>
  z.object({ component: z.literal('ak-stage-prompt'), fields: z.array(promptField()) });
export type PromptChallenge = z.infer<ReturnType<typeof promptChallenge>>;

/**
 * One key for each `field_key`; the stage checks them against the fields it showed.
 * From an HTML form every value is a string, a checkbox that is off is absent, a date-time has no zone, and a file
 * arrives in a `multipart/form-data` body (over JSON: as a `data:` URI).
 */
export const promptAnswer = () => z.looseObject({ component: z.literal('ak-stage-prompt').optional() });
export type PromptAnswer = z.infer<ReturnType<typeof promptAnswer>>;

/** Judges what a person has filled in, field by field. Whatever a field does not ask for is not looked at. */
import type { Json } from '../../core/declaration.ts';
import type { AnswerErrors } from '../stage.ts';
import { readValue } from './prompt-values.ts';
import { type PromptField, silentPromptTypes } from './prompt.wire.ts';

/** Their answer is their initial value, whatever is sent. */
const fixedTypes: ReadonlySet<string> = new Set(['hidden', 'static', 'text_read_only', 'text_area_read_only']);
const silentTypes: ReadonlySet<string> = new Set(silentPromptTypes);

/** Either every field has an answer that fits, or some have errors. Passwords are still as they were typed. */
export type Judged = { values: Record<string, Json>; errors: AnswerErrors };

/** Reads the answers to these fields. An optional field that is not answered gives no value. */
export function judgeAnswers(fields: readonly PromptField[], answer: Readonly<Record<string, unknown>>): Judged {
  const values = new Map<string, Json>();
  const errors = new Map<string, { string: string; code: string }[]>();
  for (const field of fields) {
    if (fixedTypes.has(field.type) || silentTypes.has(field.type)) continue;
    const sent = Object.hasOwn(answer, field.field_key) ? answer[field.field_key] : undefined;
    const read = readValue(field, sent);
    if ('error' in read) errors.set(field.field_key, [{ string: read.error, code: read.code }]);
    else if (read.value !== undefined) values.set(field.field_key, read.value);
  }
  const passwords = fields.filter(({ type }) => type === 'password').map(({ field_key }) => field_key);
  if (new Set(passwords.map((key) => values.get(key))).size > 1 && !passwords.some((key) => errors.has(key))) {
    errors.set(passwords.at(-1) ?? '', [{ string: 'The passwords are not the same.', code: 'invalid' }]);
  }
  // Last, so that no field of the same name can answer for one that is fixed.
  for (const { type, field_key, initial_value } of fields) {
    if (fixedTypes.has(type)) values.set(field_key, initial_value);
  }
  return { values: Object.fromEntries(values), errors: Object.fromEntries(errors) };
}

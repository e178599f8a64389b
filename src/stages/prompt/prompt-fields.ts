/** From stored prompts to the fields that a person is shown: initial values, placeholders and choices. */
import type { Json } from '../../core/declaration.ts';
import type { StageRun } from '../stage.ts';
import { localeChoices } from './locales.ts';
import type { Prompt } from './prompt.store.ts';
import type { PromptField } from './prompt.wire.ts';

/** An expression cannot make a page without end. */
const LONGEST_TEXT = 20_000;
const MOST_CHOICES = 1000;

type Run = Pick<StageRun, 'evaluate' | 'context' | 'pendingUser' | 'request'>;
type Choices = NonNullable<PromptField['choices']>;

/**
 * The fields as they are shown. Expressions see `user` (username, name, email, attributes) and `prompt_context`,
 * what was answered so far. Throws with the name of the prompt when an expression fails or returns what cannot be shown.
 */
export async function fieldsOf(run: Run, prompts: readonly Prompt[]): Promise<PromptField[]> {
  const scope = scopeOf(run);
  const fields: PromptField[] = [];
  for (const prompt of prompts) {
    try {
      fields.push(await fieldOf(run, prompt, scope));
    } catch (cause) {
      throw new Error(`prompt ${prompt.name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  }
  return fields;
}

async function fieldOf(run: Run, prompt: Prompt, scope: Scope): Promise<PromptField> {
  const placeholder = prompt.placeholder_expression
    ? await run.evaluate(prompt.placeholder, prompt.language, scope)
    : prompt.placeholder;
  const choices = choicesOf(prompt, placeholder);
  const initial = await initialValue(run, prompt, scope);
  return {
    field_key: prompt.field_key,
    label: prompt.label,
    type: prompt.type,
    required: prompt.required,
    placeholder: choices ? '' : textOf(placeholder),
    initial_value: choices && !choices.some(({ value }) => value === initial) ? '' : initial,
    order: prompt.order,
    sub_text: prompt.sub_text,
    choices,
  };
}

/** What was answered before counts first, as in authentik; a secret is never shown again. */
async function initialValue(run: Run, prompt: Prompt, scope: Scope): Promise<string> {
  if (prompt.type === 'password' || prompt.type === 'file') return '';
  const { field_key, initial_value, initial_value_expression, language } = prompt;
  const answered = Object.hasOwn(scope.prompt_context, field_key) ? scope.prompt_context[field_key] : undefined;
  if (['string', 'number', 'boolean'].includes(typeof answered)) return textOf(answered as Json);
  return initial_value_expression ? textOf(await run.evaluate(initial_value, language, scope)) : initial_value;
}

function textOf(value: Json): string {
  if (typeof value === 'object' && value !== null) throw new Error('the expression returned no text');
  const text = value === null ? '' : String(value);
  if (text.length > LONGEST_TEXT || text.includes('\0'))
    throw new Error('the expression returned text that is too long');
  return text;
}

function choicesOf(prompt: Prompt, placeholder: Json): Choices | null {
  if (prompt.type === 'ak-locale') return localeChoices();
  if (prompt.type !== 'dropdown' && prompt.type !== 'radio-button-group') return null;
  const all = Array.isArray(placeholder) ? placeholder : [placeholder];
  if (all.length > MOST_CHOICES) throw new Error(`there are more than ${MOST_CHOICES} choices`);
  return all.filter((each) => each !== '' && each !== null).map(choiceOf);
}

function choiceOf(each: Json): Choices[number] {
  if (typeof each !== 'object' || each === null || Array.isArray(each)) {
    const value = textOf(each);
    return { value, label: value };
  }
  const value = textOf(each.value ?? null);
  return { value, label: textOf(each.label ?? value) };
}

type Scope = { user: Json; prompt_context: { [name: string]: Json } };

function scopeOf({ context, pendingUser, request }: Run): Scope {
  const user = pendingUser ?? request.session?.user;
  const answers = Object.entries(context.prompt_data ?? {}).filter(([, value]) => !isHashed(value));
  return {
    user: user
      ? { pk: user.pk, username: user.username, name: user.name, email: user.email, attributes: user.attributes }
      : null,
    prompt_context: Object.fromEntries(answers),
  };
}

/** What is kept of a password is its hash, as `{ hash }`; expressions need not see even that. */
const isHashed = (value: Json): boolean => typeof value === 'object' && value !== null && 'hash' in value;

/** How a person is asked to fill in fields: one drawing for each type of field. */
import type { Framed } from '../../web/kit/challenge.wire.ts';
import {
  drawField,
  type FieldText,
  fieldAttributes,
  fieldError,
  fieldId,
  passwordField,
  textField,
} from '../../web/kit/field.ts';
import { attributes, type Html, html } from '../../web/kit/html.ts';
import type { Screen } from '../../web/kit/screen.ts';
import { type PromptChallenge, type PromptField, silentPromptTypes } from './prompt.wire.ts';

type Challenge = Framed<PromptChallenge>;
type Typed = Readonly<Record<string, string>>;

const silent: ReadonlySet<string> = new Set([...silentPromptTypes, 'hidden']);

function textOf(field: PromptField): FieldText {
  return {
    name: field.field_key,
    label: field.label || field.placeholder || field.field_key,
    hint: field.sub_text || undefined,
    required: field.required,
  };
}

function valueOf(field: PromptField, typed: Typed): string {
  return typed[field.field_key] ?? field.initial_value;
}

// What a browser may fill in by itself (WCAG 2.2, 1.3.5). Keys are those that the default flows use.
function purposeOf(field: PromptField): string | undefined {
  if (field.type === 'username' || field.field_key === 'username') return 'username';
  if (field.type === 'email' || field.field_key === 'email') return 'email';
  return field.field_key === 'name' ? 'name' : undefined;
}

function drawLine(challenge: Challenge, field: PromptField, typed: Typed, type: string, readonly = false): Html {
  const plain = field.type === 'username' || field.type === 'email';
  return textField(challenge, readonly ? { ...textOf(field), required: undefined } : textOf(field), {
    type,
    value: valueOf(field, typed),
    placeholder: field.placeholder || undefined,
    autocomplete: purposeOf(field),
    autocapitalize: plain ? 'none' : undefined,
    spellcheck: plain ? 'false' : undefined,
    step: type === 'number' ? 'any' : undefined,
    readonly,
  });
}

function drawArea(challenge: Challenge, field: PromptField, typed: Typed, readonly: boolean): Html {
  const text = readonly ? { ...textOf(field), required: undefined } : textOf(field);
  // The parser drops one line break after the tag; ours is there so that the person's own stays.
  return drawField(
    challenge,
    text,
    html`<textarea rows="4"${fieldAttributes(challenge, text)}${attributes({ placeholder: field.placeholder || undefined, readonly })}>
${valueOf(field, typed)}</textarea>`,
  );
}

function drawCheckbox(challenge: Challenge, field: PromptField, typed: Typed): Html {
  const text = { ...textOf(field), required: field.required || undefined };
  const id = fieldId(field.field_key);
  // A box that is off is not sent, so its absence counts once anything was typed.
  const value = Object.keys(typed).length > 0 ? (typed[field.field_key] ?? '') : field.initial_value;
  return html`<div class="field">
<div class="check"><input${fieldAttributes(challenge, text)}${attributes({
    type: 'checkbox',
    value: 'true',
    checked: /^(true|on|1|yes)$/i.test(value),
  })}><label for="${id}">${text.label}</label></div>
${fieldError(challenge, field.field_key)}
${text.hint && html`<p class="hint" id="${id}-hint">${text.hint}</p>`}
</div>`;
}

function drawRadioGroup(challenge: Challenge, field: PromptField, typed: Typed): Html {
  const text = textOf(field);
  const id = fieldId(field.field_key);
  const value = valueOf(field, typed);
  const failed = (challenge.response_errors?.[field.field_key] ?? []).length > 0;
  const describedBy = [failed && `${id}-error`, text.hint && `${id}-hint`].filter(Boolean).join(' ');
  return html`<fieldset class="field" id="${id}" tabindex="-1"${attributes({ 'aria-describedby': describedBy || undefined })}>
<legend>${text.label}${!field.required && html` <span class="optional">(optional)</span>`}</legend>
${(field.choices ?? []).map(
  (choice, index) =>
    html`<div class="check"><input${attributes({
      type: 'radio',
      id: `${id}-${index}`,
      name: field.field_key,
      value: choice.value,
      checked: choice.value === value,
      required: field.required,
    })}><label for="${id}-${index}">${choice.label || choice.value}</label></div>`,
)}
${fieldError(challenge, field.field_key)}
${text.hint && html`<p class="hint" id="${id}-hint">${text.hint}</p>`}
</fieldset>`;
}

function drawDropdown(challenge: Challenge, field: PromptField, typed: Typed): Html {
  const value = valueOf(field, typed);
  const choices = field.choices ?? [];
  const empty = field.type === 'ak-locale' ? 'Same as this browser' : field.placeholder || 'Choose…';
  const unchosen = !choices.some((choice) => choice.value === value);
  const listed = choices.some((choice) => choice.value === '');
  return drawField(
    challenge,
    textOf(field),
    html`<select${fieldAttributes(challenge, textOf(field))}>
${!listed && html`<option value=""${attributes({ selected: unchosen })}>${empty}</option>`}
${choices.map(
  (choice) =>
    html`<option value="${choice.value}"${attributes({ selected: choice.value === value })}>${choice.label || choice.value}</option>`,
)}
</select>`,
  );
}

function drawSilent(field: PromptField): Html {
  const [label, words] = [field.label, field.initial_value];
  switch (field.type) {
    case 'hidden':
      return html`<input type="hidden" name="${field.field_key}" value="${field.initial_value}">`;
    case 'separator':
      return html`<hr>${label && html`<h2>${label}</h2>`}`;
    case 'static':
      return html`<div class="static">${label && html`<h2>${label}</h2>`}${words && html`<p>${words}</p>`}</div>`;
    default:
      return html`<div class="callout ${field.type.replace('alert_', '')}">${label && html`<strong>${label}</strong>`}${
        words && html`<p>${words}</p>`
      }</div>`;
  }
}

function drawPrompt(challenge: Challenge, field: PromptField, typed: Typed): Html {
  switch (field.type) {
    case 'text_area':
    case 'text_area_read_only':
      return drawArea(challenge, field, typed, field.type === 'text_area_read_only');
    case 'password':
      return passwordField(challenge, textOf(field), {
        autocomplete: 'new-password',
        revealable: true,
        placeholder: field.placeholder || undefined,
      });
    case 'checkbox':
      return drawCheckbox(challenge, field, typed);
    case 'radio-button-group':
      return drawRadioGroup(challenge, field, typed);
    case 'dropdown':
    case 'ak-locale':
      return drawDropdown(challenge, field, typed);
    case 'file':
      return textField(challenge, textOf(field), { type: 'file' });
    case 'email':
    case 'number':
    case 'date':
      return drawLine(challenge, field, typed, field.type);
    case 'date-time':
      return drawLine(challenge, field, typed, 'datetime-local');
    case 'text':
    case 'username':
      return drawLine(challenge, field, typed, 'text');
    case 'text_read_only':
      return drawLine(challenge, field, typed, 'text', true);
    default:
      return drawSilent(field);
  }
}

export const promptScreen: Screen<PromptChallenge> = {
  component: 'ak-stage-prompt',
  heading: (challenge) => challenge.flow_info?.title || 'A few details',
  body: (challenge, page) =>
    html`${[...challenge.fields]
      .sort((one, other) => one.order - other.order)
      .map((field) => drawPrompt(challenge, field, page.typed))}`,
  actions: () => [{ label: 'Continue' }],
  fields: (challenge) =>
    challenge.fields
      .filter((field) => !silent.has(field.type))
      .map((field) => ({ name: field.field_key, label: textOf(field).label })),
  multipart: (challenge) => challenge.fields.some((field) => field.type === 'file'),
};

/** Fields of a form: label, hint, error and input belong together, for the eye and for a screen reader. */
import type { ChallengeFrame } from './challenge.wire.ts';
import { attributes, type Html, html, raw } from './html.ts';

/** The id of the input of a field. Names come from administrators too, so anything unusual is written as a number. */
export function fieldId(name: string): string {
  return `field-${name.replace(/[^A-Za-z0-9_-]/g, (character) => `.${character.codePointAt(0)?.toString(16)}.`)}`;
}

/** What a field shows besides its input. */
export interface FieldText {
  readonly name: string;
  readonly label: string;
  /** Plain words under the label. */
  readonly hint?: string | undefined;
  readonly required?: boolean | undefined;
}

/** The attributes that tie an input to its label, hint and error. */
export function fieldAttributes(challenge: ChallengeFrame, text: FieldText): Html {
  const id = fieldId(text.name);
  const failed = (challenge.response_errors?.[text.name] ?? []).length > 0;
  const describedBy = [failed && `${id}-error`, text.hint && `${id}-hint`].filter(Boolean).join(' ');
  return attributes({
    id,
    name: text.name,
    required: text.required,
    'aria-invalid': failed ? 'true' : undefined,
    'aria-describedby': describedBy || undefined,
  });
}

/** The error of a field. Announced when it is the only one; otherwise the summary above the form is. */
export function fieldError(challenge: ChallengeFrame, name: string): Html | undefined {
  const errors = challenge.response_errors ?? {};
  const faults = errors[name] ?? [];
  if (faults.length === 0) return undefined;
  const alone = Object.values(errors).flat().length === 1;
  return html`<p class="error" id="${fieldId(name)}-error"${attributes({ role: alone ? 'alert' : undefined })}>${errorSign}<span>${faults
    .map((fault) => fault.string)
    .join(' ')}</span></p>`;
}

const errorSign = raw(
  '<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false"><circle cx="8" cy="8" r="7.5"/><path d="M8 4v5M8 11.2v.8"/></svg>',
);

/** Label above, then the input, then the error and the hint. `input` must carry `fieldAttributes`. */
export function drawField(challenge: ChallengeFrame, text: FieldText, input: Html): Html {
  const id = fieldId(text.name);
  return html`<div class="field">
<label for="${id}">${text.label}${text.required === false && html` <span class="optional">(optional)</span>`}</label>
${input}
${fieldError(challenge, text.name)}
${text.hint && html`<p class="hint" id="${id}-hint">${text.hint}</p>`}
</div>`;
}

/** A field of one line. `input` are further attributes: `type`, `autocomplete`, `value` and so on. */
export function textField(
  challenge: ChallengeFrame,
  text: FieldText,
  input: Readonly<Record<string, string | number | boolean | undefined>>,
): Html {
  return drawField(
    challenge,
    text,
    html`<input${fieldAttributes(challenge, text)}${attributes({ type: 'text', ...input })}>`,
  );
}

/** A password. It is never given a value. `revealable` lets the page's script add a button that shows it. */
export function passwordField(
  challenge: ChallengeFrame,
  text: FieldText,
  input: {
    readonly autocomplete: 'current-password' | 'new-password';
    readonly revealable: boolean;
    readonly autofocus?: boolean;
    readonly placeholder?: string | undefined;
  },
): Html {
  return drawField(
    challenge,
    text,
    html`<div class="password"${attributes({ 'data-revealable': input.revealable })}><input${fieldAttributes(challenge, text)}${attributes(
      {
        type: 'password',
        autocomplete: input.autocomplete,
        autofocus: input.autofocus,
        placeholder: input.placeholder,
        autocapitalize: 'none',
        spellcheck: 'false',
      },
    )}></div>`,
  );
}

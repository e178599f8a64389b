/** One value of one field: what may be sent for each type, and what is kept of it. */
import { z } from 'zod';
import type { Json } from '../../core/declaration.ts';
import { longestPassword } from '../../core/crypto/passwords.ts';
import type { PromptField } from './prompt.wire.ts';

/** A value, none, or what is wrong. */
export type Read = { value: Json | undefined } | { error: string; code: string };

const LONGEST_LINE = 2000;
const LONGEST_AREA = 20_000;
/** In characters of the `data:` URI; what is kept of a person must fit their attributes, which are 64 kB. */
const LONGEST_FILE = 48 * 1024;

const wrong = (error: string, code = 'invalid'): Read => ({ error, code });

/** Reads what was sent for a field; undefined when nothing was. From HTML forms everything is text. */
export function readValue(field: PromptField, sent: unknown): Read {
  if (field.type === 'checkbox') return readCheckbox(field, sent);
  let value = sent;
  if (value === undefined || value === null) {
    if (field.initial_value === '') {
      return field.required ? wrong('This field is required.', 'required') : { value: undefined };
    }
    value = field.initial_value;
  }
  if (typeof value === 'number' && Number.isFinite(value) && field.type !== 'password') value = String(value);
  if (typeof value !== 'string' || value.includes('\0') || !value.isWellFormed()) return wrong('Not a valid string.');
  if (field.required && (field.type === 'password' ? value : value.trim()) === '') {
    return wrong('This field may not be blank.', 'blank');
  }
  return readText(field, value);
}

function readCheckbox(field: PromptField, sent: unknown): Read {
  // A box that is off is not sent by a form.
  const text = typeof sent === 'string' ? sent.toLowerCase() : sent;
  const isOn = text === true || text === 1 || ['on', 'true', '1', 'yes'].includes(text as string);
  const isOff =
    sent == null || text === false || text === 0 || ['', 'off', 'false', '0', 'no'].includes(text as string);
  if (!isOn && !isOff) return wrong('Must be a valid boolean.');
  return isOff && field.required ? wrong('This box must be ticked.', 'required') : { value: isOn };
}

function readText(field: PromptField, value: string): Read {
  switch (field.type) {
    case 'password':
      if (Buffer.byteLength(value) > longestPassword) return wrong('This password is too long.', 'max_length');
      // Nothing typed where nothing must be: no password.
      return { value: value === '' ? undefined : value };
    case 'text_area':
      return value.length > LONGEST_AREA ? wrong('This text is too long.', 'max_length') : { value };
    case 'file':
      return readFile(value);
    case 'dropdown':
    case 'radio-button-group':
    case 'ak-locale':
      if (value !== '' && !field.choices?.some((choice) => choice.value === value)) {
        return wrong('This is not one of the choices.', 'invalid_choice');
      }
      return { value };
    case 'number':
      if (value.trim() === '') return { value: null };
      if (!/^[+-]?\d{1,15}(?:\.\d{1,15})?$/.test(value.trim())) return wrong('A valid number is required.');
      return { value: Number(value) };
    case 'date':
      if (value === '') return { value: null };
      return z.iso.date().safeParse(value).success ? { value } : wrong('Enter a date such as 2026-12-31.');
    case 'date-time':
      if (value === '') return { value: null };
      // A form sends no zone and may leave out the seconds.
      return z.iso.datetime({ local: true, offset: true }).safeParse(value).success
        ? { value }
        : wrong('Enter a date and time such as 2026-12-31T12:00.');
    default:
      return readLine(field, value);
  }
}

function readLine(field: PromptField, value: string): Read {
  if (value.length > LONGEST_LINE) return wrong('This text is too long.', 'max_length');
  if (/\p{Cc}/u.test(value)) return wrong('Line breaks and control characters are not allowed.');
  if (field.type === 'text') return { value };
  const trimmed = value.trim();
  if (field.type === 'username' && trimmed.length > 150) return wrong('A username has at most 150 characters.');
  if (field.type === 'email' && trimmed !== '' && !isMailAddress(trimmed)) {
    return wrong('Enter a valid email address.');
  }
  return { value: trimmed };
}

/** One `@` with something on both sides, as short as RFC 5321 has it. Whether it is theirs, only a mail can tell. */
function isMailAddress(text: string): boolean {
  const [local = '', domain = '', ...rest] = text.split('@');
  const isDomain = /^(?!-)[\p{L}\p{N}-]{1,63}(?<!-)(?:\.(?!-)[\p{L}\p{N}-]{1,63}(?<!-))*$/u.test(domain);
  return (
    rest.length === 0 && text.length <= 254 && local.length <= 64 && /^[^\s"(),:;<>[\\\]]+$/.test(local) && isDomain
  );
}

function readFile(value: string): Read {
  if (value === '') return { value };
  if (value.length > LONGEST_FILE) return wrong(`A file has at most ${(LONGEST_FILE / 1024) * 0.75} kB.`, 'max_length');
  // RFC 2397. Only base64: what is inside must not be read as anything else.
  return /^data:(?:[\w.+-]+\/[\w.+-]+)?(?:;[\w-]+=[\w.+-]+)*;base64,(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}(?:==|[A-Za-z\d+/]=))?$/.test(
    value,
  )
    ? { value }
    : wrong('This is not a file.');
}

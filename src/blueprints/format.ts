/** Text as Python's `%` operator makes it, for `!Format`. Knows %s %r %d %i %f %e %g %x %o and %%. */
import type { Json } from '../core/declaration.ts';
import { limits } from './limits.ts';

const DIRECTIVE = /%(?<flags>[-+ 0#]*)(?<width>\d*)(?:\.(?<precision>\d+))?(?<kind>.|$)/gs;

/** Puts the arguments into the text. Throws RangeError with a reason. */
export function formatText(template: string, values: readonly Json[]): string {
  let used = 0;
  let length = template.length;
  const take = (): Json => {
    if (used >= values.length) throw new RangeError('not enough arguments for the format string');
    used += 1;
    return values[used - 1] as Json;
  };
  const made = template.replace(DIRECTIVE, (...parts) => {
    const groups = parts.at(-1) as { flags: string; width: string; precision?: string; kind: string };
    if (groups.kind === '%') return '%';
    const width = Number(groups.width);
    const precision = groups.precision === undefined ? undefined : Number(groups.precision);
    if (width > limits.width || (precision ?? 0) > 100) throw new RangeError('the format is too wide');
    const text = pad(one(groups.kind, take(), precision, groups.flags), width, groups.flags);
    length += text.length;
    if (length > limits.result) throw new RangeError('the text becomes too long');
    return text;
  });
  if (used < values.length) throw new RangeError('not all arguments are used by the format string');
  return made;
}

function one(kind: string, value: Json, precision: number | undefined, flags: string): string {
  if (kind === 's' || kind === 'r') {
    const text = kind === 's' ? pythonText(value) : pythonLiteral(value);
    return precision === undefined ? text : text.slice(0, precision);
  }
  if (!'diufFeEgGxXo'.includes(kind) || kind === '') throw new RangeError(`%${kind} is not a known format`);
  const number = typeof value === 'boolean' ? Number(value) : value;
  if (typeof number !== 'number') throw new RangeError(`%${kind} needs a number`);
  return sign(numberText(kind, number, precision), number, flags);
}

function numberText(kind: string, number: number, precision: number | undefined): string {
  const whole = Math.trunc(number);
  if ('diu'.includes(kind)) return String(whole);
  if (kind === 'x') return whole.toString(16);
  if (kind === 'X') return whole.toString(16).toUpperCase();
  if (kind === 'o') return whole.toString(8);
  if (kind === 'f' || kind === 'F') return number.toFixed(precision ?? 6);
  if (kind === 'e' || kind === 'E') {
    return number.toExponential(precision ?? 6).replace(/e([-+])(\d)$/, 'e$10$2');
  }
  return String(Number(number.toPrecision(Math.max(1, precision ?? 6))));
}

const sign = (text: string, number: number, flags: string): string =>
  number < 0 ? text : flags.includes('+') ? `+${text}` : flags.includes(' ') ? ` ${text}` : text;

function pad(text: string, width: number, flags: string): string {
  if (flags.includes('-')) return text.padEnd(width);
  if (!flags.includes('0')) return text.padStart(width);
  const signed = /^[-+ ]/.test(text) ? text.slice(0, 1) : '';
  return signed + text.slice(signed.length).padStart(width - signed.length, '0');
}

/** `str(value)` in Python. */
export const pythonText = (value: Json): string => (typeof value === 'string' ? value : pythonLiteral(value));

function pythonLiteral(value: Json): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') {
    const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
    return quote + value.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`).replaceAll('\n', '\\n') + quote;
  }
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([name, each]) => `${pythonLiteral(name)}: ${pythonLiteral(each)}`)
    .join(', ')}}`;
}

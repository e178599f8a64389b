/** Plain scalars as YAML 1.1 reads them where blueprints come from: `yes` is true, `0o17` and `017` are octal. */

const booleans: Readonly<Record<string, boolean>> = {
  yes: true,
  true: true,
  on: true,
  no: false,
  false: false,
  off: false,
};

/** The value of an unquoted scalar. Times stay text, since JSON has none. */
export function plainScalar(source: string): null | boolean | number | string {
  if (source === '' || source === '~' || /^(?:null|Null|NULL)$/.test(source)) return null;
  if (/^(?:[a-z]+|[A-Z][a-z]+|[A-Z]+)$/.test(source) && Object.hasOwn(booleans, source.toLowerCase())) {
    return booleans[source.toLowerCase()] as boolean;
  }
  return plainNumber(source) ?? source;
}

/** A number that JavaScript holds exactly, or undefined. */
function plainNumber(source: string): number | undefined {
  const text = source.replaceAll('_', '');
  const sign = text.startsWith('-') ? -1 : 1;
  const digits = text.replace(/^[-+]/, '');
  let value: number | undefined;
  if (/^(?:0|[1-9]\d*)$/.test(digits)) value = Number(digits);
  else if (/^0x[0-9a-fA-F]+$|^0b[01]+$|^0o[0-7]+$/.test(digits)) value = Number(digits);
  else if (/^0[0-7]+$/.test(digits)) value = Number.parseInt(digits, 8);
  else if (/^(?:\d+\.\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(digits)) return sign * Number(digits);
  // A larger number is kept as it was written: rounding it would change an identifier.
  return value !== undefined && Number.isSafeInteger(value) ? sign * value : undefined;
}

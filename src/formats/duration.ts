/**
 * Durations as authentik writes them: `days=1;hours=2`.
 *
 * Units are weeks, days, hours, minutes, seconds, milliseconds and microseconds, each at most once.
 */

const microsecondsIn: ReadonlyMap<string, number> = new Map([
  ['weeks', 604_800_000_000],
  ['days', 86_400_000_000],
  ['hours', 3_600_000_000],
  ['minutes', 60_000_000],
  ['seconds', 1_000_000],
  ['milliseconds', 1_000],
  ['microseconds', 1],
]);

/** A hundred years, in milliseconds. A longer duration is a mistake. */
const longest = 36_525 * 86_400_000;

/**
 * Reads a duration and returns milliseconds. What is less than one millisecond counts as one, so that a
 * duration that was not zero never becomes zero.
 *
 * @throws RangeError when the text is malformed, names a unit twice, is negative or is over a hundred years.
 */
export function parseDuration(text: string): number {
  if (text.length > 256) throw new RangeError('a duration has at most 256 characters');
  const seen = new Set<string>();
  let microseconds = 0;
  for (const part of text.split(';')) {
    const match = /^([a-z]+)=(\d{1,18}(?:\.\d{1,6})?)$/i.exec(part.trim());
    const unit = match?.[1]?.toLowerCase() ?? '';
    const size = microsecondsIn.get(unit);
    if (size === undefined) throw new RangeError('a duration is written like days=1;hours=2');
    if (seen.has(unit)) throw new RangeError(`a duration names ${unit} only once`);
    seen.add(unit);
    microseconds += Number(match?.[2]) * size;
  }
  const milliseconds = Math.ceil(Math.round(microseconds) / 1000);
  if (!(milliseconds <= longest)) throw new RangeError('a duration is at most a hundred years');
  return milliseconds;
}

/**
 * Writes milliseconds as a duration, the largest units first; `parseDuration` reads it back to the same number.
 *
 * @throws RangeError when it is not a whole number from zero to a hundred years.
 */
export function formatDuration(milliseconds: number): string {
  if (!Number.isSafeInteger(milliseconds) || milliseconds < 0 || milliseconds > longest) {
    throw new RangeError('a duration is a whole number of milliseconds from zero to a hundred years');
  }
  const parts: string[] = [];
  let rest = milliseconds;
  for (const [unit, microseconds] of microsecondsIn) {
    if (unit === 'weeks' || unit === 'microseconds') continue;
    const size = microseconds / 1000;
    const count = Math.floor(rest / size);
    if (count > 0) parts.push(`${unit}=${count}`);
    rest -= count * size;
  }
  return parts.length === 0 ? 'seconds=0' : parts.join(';');
}

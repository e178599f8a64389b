/** Keeps files small: in lines, the median, the 95th percentile, and a limit that none may pass. */
import type { SourceFile } from './read.ts';

const MEDIAN = 80;
const PERCENTILE_95 = 300;
const LIMIT = 400;

/** Tests are outside the median and the percentile, not outside the limit. */
export function checkSizes(files: Map<string, SourceFile>): string[] {
  const faults: string[] = [];
  for (const file of files.values()) {
    if (file.lines > LIMIT) faults.push(`src/${file.path}:1: ${file.lines} lines; no file has more than ${LIMIT}`);
  }
  const sorted = [...files.values()].filter((file) => !file.test).sort((a, b) => a.lines - b.lines);
  const median = rank(sorted, 0.5);
  const percentile = rank(sorted, 0.95);
  const longest = (over: number): string =>
    sorted
      .filter((file) => file.lines > over)
      .map((file) => `${file.path} ${file.lines}`)
      .toReversed()
      .slice(0, 10)
      .join(', ');
  if (median > MEDIAN) faults.push(`src: the median file has ${median} lines, more than ${MEDIAN}`);
  if (percentile > PERCENTILE_95) {
    faults.push(
      `src: the 95th percentile is ${percentile} lines, more than ${PERCENTILE_95}: ${longest(PERCENTILE_95)}`,
    );
  }
  return faults;
}

/** The nearest rank: the smallest size that at least this part of the files does not exceed. */
function rank(sorted: SourceFile[], part: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)]?.lines ?? 0;
}

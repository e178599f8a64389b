/** Finds circles of value imports. Types are erased and may point both ways, as a shape and its engine do. */
import type { SourceFile } from './read.ts';

/** One sentence for each circle, told from its alphabetically first file. */
export function findCycles(files: Map<string, SourceFile>): string[] {
  const faults = new Set<string>();
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): void => {
    const start = trail.indexOf(path);
    if (start >= 0) faults.add(tell(trail.slice(start)));
    if (start >= 0 || done.has(path)) return;
    trail.push(path);
    for (const next of targets(files.get(path))) if (files.has(next)) visit(next);
    trail.pop();
    done.add(path);
  };
  for (const path of files.keys()) visit(path);
  return [...faults];
}

function targets(file: SourceFile | undefined): string[] {
  return (file?.imports ?? []).flatMap((found) => (found.type || found.path === undefined ? [] : [found.path]));
}

function tell(circle: string[]): string {
  const first = circle.indexOf([...circle].sort()[0] ?? '');
  const turned = [...circle.slice(first), ...circle.slice(0, first)];
  return `src/${turned[0]}:1: a circle of imports: ${[...turned, turned[0]].join(' → ')}`;
}

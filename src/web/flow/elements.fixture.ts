/** Reads the tags of a page, for tests. Strict on purpose: what it cannot read is not a tag that we write. */

/** Tags in order, each with the names of its attributes: what a browser would build. */
export function skeleton(page: string): string[] {
  return [...page.matchAll(/<(\/?[a-z][a-z0-9]*)((?:\s+[a-z-]+(?:="[^"]*")?)*)\s*>/g)].map(
    ([, name, attributes]) => `${name} ${(attributes ?? '').replace(/="[^"]*"/g, '')}`,
  );
}

/** Every tag with its attributes and their values. */
export function elements(page: string): { name: string; attributes: Record<string, string> }[] {
  return [...page.matchAll(/<([a-z][a-z0-9]*)((?:\s+[a-z-]+(?:="[^"]*")?)*)\s*>/g)].map(([, name, text]) => ({
    name: name ?? '',
    attributes: Object.fromEntries(
      [...(text ?? '').matchAll(/([a-z-]+)(?:="([^"]*)")?/g)].map((one) => [one[1], one[2] ?? '']),
    ),
  }));
}

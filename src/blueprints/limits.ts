/** What one blueprint may cost. Everything that can grow has a bound here. */
export const limits = {
  /** Characters of YAML text. */
  text: 1_000_000,
  /** Entries of one blueprint, after those of others that it includes. */
  entries: 5000,
  /** Maps, lists and values in the text. */
  pieces: 50_000,
  /** Words of the grammar in the text, counted before it is parsed; a piece has at most eight. */
  tokens: 400_000,
  /** Uses of anchors. */
  aliases: 1000,
  /** Maps, lists and tags inside each other, aliases followed. */
  depth: 64,
  /** Values made while tags are resolved, over the whole blueprint. */
  values: 200_000,
  /** Turns of one `!Enumerate`. */
  turns: 10_000,
  /** Characters that all tags together may make. */
  characters: 10_000_000,
  /** Characters that one tag may make. */
  result: 262_144,
  /** Width or precision in a `!Format`. */
  width: 1000,
  /** Bytes of one file read by `!File`. */
  file: 262_144,
  /** Files that one blueprint may name. */
  files: 100,
  /** Blueprints that include each other. */
  includes: 50,
} as const;

/**
 * Reads YAML into pieces that know their line. Tags are kept as they are, anchors are shared, and nothing is
 * evaluated. Text from strangers is expected: every way in which YAML grows is bounded before it is followed.
 */
import type * as Yaml from 'yaml';
import type { Node, ParsedNode } from 'yaml';
import { BlueprintFault } from './fault.ts';
import { limits } from './limits.ts';
import { plainScalar } from './scalar.ts';

/** The tags of a blueprint. */
export const tagNames = [
  'KeyOf',
  'Find',
  'FindObject',
  'Env',
  'File',
  'Context',
  'Format',
  'Condition',
  'If',
  'Enumerate',
  'Index',
  'Value',
  'AtIndex',
  'ParseJSON',
] as const;
export type TagName = (typeof tagNames)[number];

/** One part of the text. `line` counts from 1. */
export type Piece =
  | { kind: 'scalar'; line: number; value: null | boolean | number | string }
  | { kind: 'list'; line: number; items: Piece[] }
  | { kind: 'map'; line: number; entries: Map<string, Piece> }
  | { kind: 'tag'; line: number; tag: TagName; argument: Piece };

/** Parses one document. Throws BlueprintFault with the line of what is wrong. */
export async function readYaml(file: string, text: string): Promise<Piece> {
  if (text.length > limits.text) throw new BlueprintFault(file, 1, `longer than ${limits.text} characters`);
  const yaml = await import('yaml');
  refuseHostileText(file, new yaml.Lexer().lex(text));
  const lines = new yaml.LineCounter();
  const composer = new yaml.Composer({
    schema: 'failsafe',
    lineCounter: lines,
    logLevel: 'silent',
    // Looked for below: the parser compares every key with every other.
    uniqueKeys: false,
  });
  const documents = [...composer.compose(new yaml.Parser(lines.addNewLine).parse(text), true, text.length)];
  const [first, second] = documents;
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  const wrong = first?.errors[0];
  if (wrong) throw new BlueprintFault(file, lineAt(wrong.pos[0]), oneLine(wrong.message));
  if (second) throw new BlueprintFault(file, lineAt(second.range?.[0] ?? 0), 'holds more than one document');
  if (!first?.contents) throw new BlueprintFault(file, 1, 'is empty');
  return new Reader(file, lineAt, yaml).read(first.contents as ParsedNode, 0);
}

/** The parser's messages quote the text below a colon; only the sentence is kept. */
const oneLine = (message: string): string => (message.split(/ at line |\n/)[0] ?? message).slice(0, 200);

/** Before the parser, which takes memory and stack for all that it is given. */
function refuseHostileText(file: string, tokens: Iterable<string>): void {
  let line = 1;
  let depth = 0;
  let indicators = 0;
  let count = 0;
  for (const token of tokens) {
    count += 1;
    if (count > limits.tokens) throw new BlueprintFault(file, line, 'holds too many values');
    if (token === '[' || token === '{') depth += 1;
    else if (token === ']' || token === '}') depth -= 1;
    else if (token === '-' || token === '?') indicators += 1;
    if (token.includes('\n')) {
      line += token.split('\n').length - 1;
      indicators = 0;
    }
    if (depth > limits.depth || indicators > limits.depth) throw new BlueprintFault(file, line, 'is nested too deeply');
  }
}

class Reader {
  readonly #file: string;
  readonly #lineAt: (offset: number) => number;
  readonly #yaml: typeof Yaml;
  readonly #anchors = new Map<string, { piece: Piece; depth: number }>();
  #pieces = 0;
  #aliases = 0;
  /** How deep the piece read last goes, aliases followed. */
  #height = 0;

  constructor(file: string, lineAt: (offset: number) => number, yaml: typeof Yaml) {
    this.#file = file;
    this.#lineAt = lineAt;
    this.#yaml = yaml;
  }

  read(node: Node | null | undefined, depth: number, near = 1): Piece {
    const line = node?.range ? this.#lineAt(node.range[0]) : near;
    this.#pieces += 1;
    if (this.#pieces > limits.pieces) throw this.#fault(line, 'holds too many values');
    if (depth > limits.depth) throw this.#fault(line, 'is nested too deeply');
    this.#height = 0;
    if (!node) return { kind: 'scalar', line, value: null };
    if (this.#yaml.isAlias(node)) return this.#alias(node.source, line, depth);
    const piece = this.#tagged(node, line, depth);
    const anchor = 'anchor' in node ? node.anchor : undefined;
    if (anchor) this.#anchors.set(anchor, { piece, depth: this.#height });
    return piece;
  }

  #alias(name: string, line: number, depth: number): Piece {
    this.#aliases += 1;
    if (this.#aliases > limits.aliases) throw this.#fault(line, 'uses too many aliases');
    const known = this.#anchors.get(name);
    if (!known) throw this.#fault(line, `the anchor ${name} is not known here`);
    if (depth + known.depth > limits.depth) throw this.#fault(line, 'is nested too deeply');
    this.#height = known.depth;
    return known.piece;
  }

  #tagged(node: Node, line: number, depth: number): Piece {
    const tag = 'tag' in node && typeof node.tag === 'string' ? node.tag : undefined;
    if (tag === undefined || /^!$|^tag:yaml\.org,2002:(?:str|map|seq|int|float|bool|null)$/.test(tag)) {
      return this.#bare(node, line, depth, tag);
    }
    const name = tagNames.find((each) => tag === `!${each}`);
    if (!name) throw this.#fault(line, `the tag ${tag.slice(0, 50)} is not known`);
    const argument = this.#bare(node, line, depth + 1, undefined);
    this.#height += 1;
    return { kind: 'tag', line, tag: name, argument };
  }

  #bare(node: Node, line: number, depth: number, tag: string | undefined): Piece {
    if (this.#yaml.isMap(node)) return this.#map(node.items as { key: Node; value: Node | null }[], line, depth);
    if (this.#yaml.isSeq(node)) {
      let height = 0;
      const items = (node.items as Node[]).map((item) => {
        const piece = this.read(item, depth + 1, line);
        height = Math.max(height, this.#height);
        return piece;
      });
      this.#height = height + 1;
      return { kind: 'list', line, items };
    }
    if (!this.#yaml.isScalar(node)) throw this.#fault(line, 'is neither a map, a list nor a value');
    const text = typeof node.value === 'string' ? node.value : '';
    const isText = tag === '!' || tag === 'tag:yaml.org,2002:str' || node.type !== 'PLAIN';
    return { kind: 'scalar', line, value: isText ? text : plainScalar(text) };
  }

  #map(items: readonly { key: Node; value: Node | null }[], line: number, depth: number): Piece {
    const entries = new Map<string, Piece>();
    const merged: Piece[] = [];
    let height = 0;
    for (const { key, value } of items) {
      const at = key?.range ? this.#lineAt(key.range[0]) : line;
      const known = this.#yaml.isAlias(key) ? this.read(key, depth) : undefined;
      const name =
        known?.kind === 'scalar' ? String(known.value) : this.#yaml.isScalar(key) ? String(key.value) : undefined;
      if (name === undefined) throw this.#fault(at, 'a key must be a plain value');
      if (name === '__proto__') throw this.#fault(at, 'the key __proto__ is not allowed');
      if (entries.has(name)) throw this.#fault(at, `the key ${name.slice(0, 100)} is there twice`);
      const piece = this.read(value, depth + 1, at);
      height = Math.max(height, this.#height);
      if (name === '<<' && this.#yaml.isScalar(key) && key.type === 'PLAIN') merged.push(piece);
      else entries.set(name, piece);
    }
    for (const piece of merged) this.#merge(entries, piece);
    this.#height = height + 1;
    return { kind: 'map', line, entries };
  }

  /** The merge key: what is written out wins, then the first map that has the key. */
  #merge(entries: Map<string, Piece>, piece: Piece): void {
    for (const each of piece.kind === 'list' ? piece.items : [piece]) {
      if (each.kind !== 'map') throw this.#fault(each.line, 'only maps can be merged');
      this.#pieces += each.entries.size;
      if (this.#pieces > limits.pieces) throw this.#fault(each.line, 'holds too many values');
      for (const [name, value] of each.entries) if (!entries.has(name)) entries.set(name, value);
    }
  }

  #fault(line: number, reason: string): BlueprintFault {
    return new BlueprintFault(this.#file, line, reason);
  }
}

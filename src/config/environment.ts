/**
 * Finds the settings in the environment: under our name, under authentik's, through a `_FILE` twin, and through
 * authentik's value forms `file:///path?default` and `env://NAME?default`.
 */
import { type Setting, settings } from './settings.ts';

/** One fault. `shown` is the value in a form that may be printed, with a leading ` = `, or empty. */
export type SettingFault = {
  readonly name: string;
  readonly shown: string;
  readonly problem: string;
  readonly remedy: string;
};

/** A setting that was given: its text, the name it came by, and how it may be shown. */
export type GivenSetting = { readonly text: string; readonly name: string; readonly shown: string };

type Environment = Readonly<Record<string, string | undefined>>;
type Lookup = { environment: Environment; readFile: (path: string) => string; faults: SettingFault[] };

/** Everything that the environment gives. An empty value counts as not given: compose files pass those. */
export function readEnvironment(
  environment: Environment,
  readFile: (path: string) => string,
): { given: Map<Setting, GivenSetting>; faults: SettingFault[]; notices: string[] } {
  const lookup: Lookup = { environment, readFile, faults: [] };
  const given = new Map<Setting, GivenSetting>();
  const notices: string[] = [];
  const known = new Set<string>();
  for (const setting of Object.values(settings) as Setting[]) {
    const names = [`OSTIARY_${setting.name}`, ...setting.authentikNames.map((name) => `AUTHENTIK_${name}`)];
    for (const name of names) {
      known.add(name);
      if (setting.secret) known.add(`${name}_FILE`);
      const found = readSetting(setting, name, lookup);
      if (found === undefined) continue;
      const earlier = given.get(setting);
      if (earlier === undefined) given.set(setting, found);
      else if (earlier.text !== found.text)
        notices.push(`${found.name} is not used, because ${earlier.name} is given.`);
    }
  }
  const foreign: string[] = [];
  for (const name of Object.keys(environment).sort()) {
    if (known.has(name)) continue;
    if (name.startsWith('OSTIARY_')) lookup.faults.push(unknownName(name, known));
    else if (name.startsWith('AUTHENTIK_')) foreign.push(name);
  }
  if (foreign.length > 0) notices.push(`Ignored, because Ostiary has no such setting: ${foreign.join(', ')}.`);
  return { given, faults: lookup.faults, notices };
}

function readSetting(setting: Setting, name: string, lookup: Lookup): GivenSetting | undefined {
  const direct = lookup.environment[name] || undefined;
  const path = setting.secret ? lookup.environment[`${name}_FILE`] || undefined : undefined;
  if (direct !== undefined && path !== undefined) {
    const remedy = 'Give one of them.';
    lookup.faults.push({ name, shown: '', problem: `and ${name}_FILE are both given`, remedy });
  }
  const text =
    direct === undefined ? path && readSettingFile(`${name}_FILE`, path, lookup) : resolve(direct, name, lookup);
  if (text === undefined || text === '') return undefined;
  return {
    text,
    name: direct === undefined ? `${name}_FILE` : name,
    shown: setting.secret ? '' : ` = ${printable(text)}`,
  };
}

/** authentik's indirections. The default after `?` is used when the file or variable is missing. */
function resolve(text: string, name: string, lookup: Lookup): string | undefined {
  const match = /^(file|env):\/\/([^?]*)(?:\?(.*))?$/s.exec(text);
  if (match === null) return text;
  const [, form, target = '', fallback] = match;
  if (form === 'file') return readSettingFile(name, target, lookup, fallback);
  const value = lookup.environment[target] ?? fallback;
  if (value === undefined) {
    const remedy = `Set ${target}, or give a default as env://${target}?default.`;
    lookup.faults.push({ name, shown: '', problem: `names the variable ${target}, which is not set`, remedy });
  }
  return value;
}

function readSettingFile(name: string, path: string, lookup: Lookup, fallback?: string): string | undefined {
  try {
    const text = lookup.readFile(path).replace(/\r?\n$/, '');
    if (text !== '') return text;
    if (fallback !== undefined) return fallback;
    const remedy = 'Write the value into the file.';
    lookup.faults.push({ name, shown: ` = ${printable(path)}`, problem: 'is an empty file', remedy });
  } catch (error) {
    if (fallback !== undefined) return fallback;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
    const remedy = 'Check that the file exists and that the user who runs Ostiary may read it.';
    lookup.faults.push({ name, shown: ` = ${printable(path)}`, problem: `cannot be read (${code})`, remedy });
  }
  return undefined;
}

/** A value for a message: short, on one line, without the credentials of a URL. */
function printable(text: string): string {
  const safe = text.replace(/\/\/[^/]*@/, '//…@');
  return JSON.stringify(safe.length > 80 ? `${safe.slice(0, 80)}…` : safe);
}

function unknownName(name: string, known: ReadonlySet<string>): SettingFault {
  let nearest = '';
  let distance = Math.max(2, Math.floor(name.length / 4)) + 1;
  for (const candidate of known) {
    const away = candidate.startsWith('OSTIARY_') ? editDistance(name, candidate, distance) : distance;
    if (away < distance) [nearest, distance] = [candidate, away];
  }
  const remedy = nearest === '' ? 'Remove it; docs/config.md lists what there is.' : `Did you mean ${nearest}?`;
  return { name, shown: '', problem: 'is not a setting', remedy };
}

/** Levenshtein's distance; `limit` when it is at least that. */
function editDistance(left: string, right: string, limit: number): number {
  if (left.length > 100 || Math.abs(left.length - right.length) >= limit) return limit;
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return Math.min(limit, row.at(-1) ?? limit);
}

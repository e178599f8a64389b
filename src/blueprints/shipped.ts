/** The blueprints that come with the program: the default flows and what belongs to them. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Source } from './loading.ts';

/** Where they lie: beside this file, and after the build beside its place in the bundle. */
export const shippedFolder = (): string => join(import.meta.dirname, 'default');

/** Reads them in the order of their names. They are trusted. */
export async function shippedBlueprints(folder: string = shippedFolder()): Promise<Source[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.yaml')).sort();
  return Promise.all(
    names.map(async (name) => ({
      name: `default/${name}`,
      text: await readFile(join(folder, name), 'utf8'),
      trusted: true,
    })),
  );
}

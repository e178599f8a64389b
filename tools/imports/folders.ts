/** Every folder of equals holds the files that one of its kind must have, named after the folder. */
import { COLLECTIONS } from './rooms.ts';

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** `paths` are relative to src/. */
export function checkFolders(paths: string[]): string[] {
  const kinds = new Set<string>();
  for (const path of paths) {
    const [collection = '', kind = '', ...rest] = path.split('/');
    if (collection in COLLECTIONS && rest.length > 0) kinds.add(`${collection}/${kind}`);
  }
  return [...kinds].sort().flatMap((folder) => checkKind(folder, new Set(paths)));
}

function checkKind(folder: string, paths: Set<string>): string[] {
  const [collection = '', kind = ''] = folder.split('/');
  const faults: string[] = [];
  const has = (suffix: string): boolean => paths.has(`${folder}/${kind}${suffix}`);
  const need = (suffix: string): void => {
    if (!has(suffix)) faults.push(`src/${folder}: ${kind}${suffix} is missing`);
  };
  if (!NAME.test(kind)) faults.push(`src/${folder}: a kind is named in lowercase words joined by hyphens`);
  need('.ts');
  need('.test.ts');
  // What a stage shows and what crosses the wire come together; a stage that asks nothing has neither.
  if (collection === 'stages' && has('.wire.ts')) need('.screen.ts');
  if (collection === 'stages' && has('.screen.ts')) need('.wire.ts');
  return faults;
}

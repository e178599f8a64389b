/**
 * Keeps a module's own place known inside a bundle. A source file finds what lies beside it by `import.meta.url`; all
 * bundled files lie in dist/, and what they read is copied to the same place below dist/ as below src/. So the
 * plug-in turns `import.meta.url` into the place where the module would be in dist/.
 */
import { readFileSync } from 'node:fs';
import { posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'rolldown';

const WORKER = /(['"])\.\/([\w.-]+\.worker)\.ts\1/g;
const PACKAGE_FILE = /import\.meta\.resolve\((['"])([^'"]+\.wasm)\1\)/g;

/** `main` is the entry: what it does only when it is the program, it does here. */
export function modulePlaces(sources: string, main: string): Plugin {
  return {
    name: 'module-places',
    transform: {
      filter: { id: /\.ts$/, code: /import\.meta/ },
      handler(code, id) {
        const path = relative(sources, id).replaceAll('\\', '/');
        if (path.startsWith('..')) return null;
        const folder = posix.dirname(path);
        const emit = (name: string): string => {
          const source = readFileSync(fileURLToPath(import.meta.resolve(name)));
          const fileName = posix.basename(name);
          this.emitFile({ type: 'asset', fileName, source });
          return `new URL('./${fileName}', import.meta.url).href`;
        };
        const kept: string[] = [];
        const placed = code
          .replace(WORKER, (_, quote: string, name: string) => `${quote}${toRoot(folder)}${name}.js${quote}`)
          .replace(PACKAGE_FILE, (_, _quote: string, name: string) => `\0${kept.push(emit(name)) - 1}\0`)
          .replaceAll('import.meta.url', `new URL('./${path.replace(/\.ts$/, '.js')}', import.meta.url).href`)
          .replaceAll('import.meta.dirname', `(import.meta.dirname + '/${folder}')`)
          .replace(/\0(\d+)\0/g, (_, index: string) => kept[Number(index)] ?? '');
        // No line moves, so the map of the lines stays right; only columns on the changed lines are lost.
        return { code: path === main ? placed.replaceAll('import.meta.main', 'true') : placed, map: null };
      },
    },
  };
}

function toRoot(folder: string): string {
  return folder === '.' ? './' : '../'.repeat(folder.split('/').length);
}

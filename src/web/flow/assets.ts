/**
 * What the sign-in pages load: one stylesheet, one script. Tells the server what to serve and under which names.
 * The names carry a hash of the content, so they may be kept for ever.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import type { PageAssets } from './document.ts';

// One request for the browser, three files for the reader. The order matters.
const styleNames = ['flow.css', 'flow-form.css', 'flow-parts.css'] as const;

/** One file to serve. */
export interface FlowAsset {
  /** The path on this origin, for example `/static/flow.0f3a91c2.css`. */
  readonly path: string;
  readonly contentType: string;
  readonly content: string;
}

/** The files, and their addresses as a page wants them. */
export interface FlowAssets extends PageAssets {
  readonly files: readonly FlowAsset[];
}

function asset(extension: 'css' | 'js', contentType: string, content: string): FlowAsset {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 10);
  return { path: `/static/flow.${hash}.${extension}`, contentType, content };
}

// A release has the compiled script beside this file; a working copy has only the source.
async function readScript(folder: URL): Promise<string> {
  const source = new URL('flow.ts', folder);
  try {
    return await readFile(new URL('flow.js', folder), 'utf8');
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'ENOENT') throw fault;
    return stripTypeScriptTypes(await readFile(source, 'utf8'));
  }
}

/**
 * Reads the files. Call it once and keep the result.
 * @param folder where the three stylesheets and `flow.js` or `flow.ts` are; beside this module when left out.
 * @throws the error of the file system when a file is missing.
 */
export async function readFlowAssets(folder: URL = new URL('.', import.meta.url)): Promise<FlowAssets> {
  const [script, ...styles] = await Promise.all([
    readScript(folder),
    ...styleNames.map((name) => readFile(new URL(name, folder), 'utf8')),
  ]);
  const stylesheet = asset('css', 'text/css; charset=utf-8', styles.join('\n'));
  const module = asset('js', 'text/javascript; charset=utf-8', script);
  return { stylesheet: stylesheet.path, script: module.path, files: [stylesheet, module] };
}

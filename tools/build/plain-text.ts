/**
 * Keeps a bundle plain ASCII. V8 holds a source text as long as the program runs, and one character outside of
 * Latin-1 doubles what all others take: the escapes save several megabytes of an idle server.
 */
import type { Plugin } from 'rolldown';

/** Writes what is not ASCII as `\uXXXX`, which means the same in texts, templates, patterns and names. */
export function plainText(): Plugin {
  return {
    name: 'plain-text',
    renderChunk(code) {
      const plain = code.replace(
        /[^\0-\x7f]/g,
        (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
      // No line moves, so the map of the lines stays right.
      return plain === code ? null : { code: plain, map: null };
    },
  };
}

/** Ostiary's mark: a doorway with light falling through, and a keyhole in the light. */
import { type Html, raw } from '../kit/html.ts';

/** The mark as inline SVG, coloured by the stylesheet. Decoration: the name stands beside it. */
export function mark(): Html {
  return raw(
    '<svg class="mark" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" focusable="false">' +
      '<path class="mark-arch" d="M5 29V14a11 11 0 0 1 22 0v15z"/>' +
      '<path class="mark-door" d="M10 29V14.5a6 6 0 0 1 12 0V29z"/>' +
      '<path class="mark-arch" d="M16 15.2a2.4 2.4 0 0 1 1.2 4.5l.8 4.3h-4l.8-4.3a2.4 2.4 0 0 1 1.2-4.5z"/></svg>',
  );
}

/** The mark as an icon of the window, in the document itself so that it costs no request. */
export const faviconUrl = `data:image/svg+xml;base64,${btoa(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">' +
    '<path fill="#3d4fd6" d="M5 30V13a11 11 0 0 1 22 0v17z"/>' +
    '<path fill="#fff" d="M10 30V13.5a6 6 0 0 1 12 0V30z"/>' +
    '<path fill="#3d4fd6" d="M16 14.2a2.4 2.4 0 0 1 1.2 4.5l.9 5h-4.2l.9-5a2.4 2.4 0 0 1 1.2-4.5z"/></svg>',
)}`;

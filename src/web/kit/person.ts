/** The person a screen is about: picture or initials, and name. */
import { type Html, html, safeImageUrl, safeUrl } from './html.ts';

/** One or two letters that stand for a name. */
export function initials(name: string): string {
  const words = name
    .replace(/@.*/, '')
    .split(/[\s._-]+/u)
    .filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map(
    (word) => Array.from(word ?? '')[0] ?? '',
  );
  return letters.join('').toUpperCase() || '?';
}

/** Who is signing in, with a way out for somebody else. `cancelUrl` undefined: no way out is offered. */
export function drawPerson(name: string, avatarUrl: string | undefined, cancelUrl?: string): Html | undefined {
  if (name === '') return undefined;
  const picture = safeImageUrl(avatarUrl);
  const cancel = safeUrl(cancelUrl);
  return html`<div class="person">
${
  picture
    ? html`<img class="avatar" src="${picture}" alt="" width="40" height="40">`
    : html`<span class="avatar" aria-hidden="true">${initials(name)}</span>`
}
<div class="person-text"><span class="person-name">${name}</span>${cancel && html` <a href="${cancel}">Not you?</a>`}</div>
</div>`;
}

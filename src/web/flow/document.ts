/** The HTML document: head, brand, main part, footer. Knows nothing of flows. */
import { type Html, html, raw, safeImageUrl, safeUrl } from '../kit/html.ts';
import { faviconUrl, mark } from './mark.ts';

/** How the organisation wants its pages to look. Empty URLs mean Ostiary's own mark. */
export interface PageBrand {
  readonly title: string;
  readonly logoUrl: string;
  readonly faviconUrl: string;
  /** CSS written by an administrator. Put into a `<style>` with the nonce; left out when there is no nonce. */
  readonly customCss?: string | undefined;
  /** BCP 47 language tag of the page's words. */
  readonly language: string;
}

/** The addresses of the stylesheet and the script (see `assets.ts`). */
export interface PageAssets {
  readonly stylesheet: string;
  readonly script: string;
}

/** What every page needs. */
export interface PageInput {
  readonly brand: PageBrand;
  readonly assets: PageAssets;
  /** The nonce of `style-src`, for the brand's own CSS. */
  readonly nonce?: string | undefined;
  /** Shown small, so that a person can tell it to an administrator. */
  readonly requestId?: string | undefined;
}

/** What stands inside the document. */
export interface DocumentContent {
  /** Before the brand's name in the title of the window. */
  readonly title: string;
  readonly main: Html;
  /** One of the flow layouts; `stacked` when left out. */
  readonly layout?: string | undefined;
  /** A picture behind everything; the drawn background when left out. */
  readonly background?: { readonly light: string; readonly dark?: string | undefined } | undefined;
}

// Pictures that ship with authentik and are the model's defaults. They mean "nothing was chosen".
function chosen(url: string | undefined | null): string | undefined {
  return url?.startsWith('/static/dist/assets/') ? undefined : safeImageUrl(url);
}

function drawBrand(brand: PageBrand): Html {
  const logo = chosen(brand.logoUrl);
  return logo
    ? html`<img class="brand-logo" src="${logo}" alt="${brand.title}">`
    : html`${mark()}<span class="brand-name">${brand.title}</span>`;
}

function drawBackground(content: DocumentContent): Html {
  const light = chosen(content.background?.light);
  const dark = chosen(content.background?.dark) ?? light;
  if (!light || !dark) return html`<div class="backdrop" aria-hidden="true"></div>`;
  return html`<picture class="backdrop" aria-hidden="true"><source media="(prefers-color-scheme: dark)" srcset="${dark}"><img src="${light}" alt=""></picture>`;
}

// A stylesheet ends at the first "</style"; nothing else can leave it.
function drawCustomCss(input: PageInput): Html | undefined {
  const css = input.brand.customCss?.replaceAll(/<(?=[/!])/g, '\\3c ');
  if (!css || !input.nonce) return undefined;
  return html`<style nonce="${input.nonce}">${raw(css)}</style>`;
}

/** The whole document as text. */
export function renderDocument(input: PageInput, content: DocumentContent): string {
  const { brand, assets } = input;
  const pictured = chosen(content.background?.light) !== undefined;
  const layout = /^[a-z_]+$/.test(content.layout ?? '') ? content.layout : 'stacked';
  return html`<!doctype html>
<html lang="${brand.language}">
<head>
<meta charset="utf-8">
<title>${content.title} · ${brand.title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<meta name="referrer" content="same-origin">
<link rel="icon" href="${chosen(brand.faviconUrl) ?? faviconUrl}">
<link rel="stylesheet" href="${safeUrl(assets.stylesheet)}">
${drawCustomCss(input)}
</head>
<body class="layout-${layout}${pictured ? ' pictured' : ''}">
${drawBackground(content)}
<div class="frame">
<header class="brand">${drawBrand(brand)}</header>
<main class="card">
${content.main}
</main>
<footer class="footer">${input.requestId && html`<p>Request <code>${input.requestId}</code></p>`}</footer>
</div>
<script type="module" src="${safeUrl(assets.script)}"></script>
</body>
</html>
`.toString();
}

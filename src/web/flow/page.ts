/**
 * The page around a screen: heading, errors, form, buttons. Complete HTML that works with scripts off and under
 * `default-src 'none'; style-src 'self' 'nonce-…'; script-src 'self'; img-src 'self' data: https:; form-action …;
 * frame-ancestors 'none'; base-uri 'none'`. Decides nothing: who may see what is the flow's matter.
 */
import type { Framed } from '../kit/challenge.wire.ts';
import { fieldId } from '../kit/field.ts';
import { attributes, type Html, html, safeUrl } from '../kit/html.ts';
import type { Screen } from '../kit/screen.ts';
import { type PageInput, renderDocument } from './document.ts';

export type { PageAssets, PageBrand, PageInput } from './document.ts';

/** What a page of a flow needs. */
export interface FlowPageInput<C extends { readonly component: string }> extends PageInput {
  readonly challenge: Framed<C>;
  readonly screen: Screen<C>;
  /** Where the form is posted to: a path of this origin. */
  readonly formAction: string;
  /** Sent along with the answer: the run, its token. `component` is added by the page. */
  readonly hiddenFields: Readonly<Record<string, string>>;
  /** What the person typed before, by field name; no passwords. */
  readonly typed?: Readonly<Record<string, string>> | undefined;
  /** A sentence above the form, for example that the page had expired and starts again. */
  readonly notice?: string | undefined;
}

/** What a page about a fault needs. Words only: nothing of the request is shown unless the caller puts it in. */
export interface ErrorPageInput extends PageInput {
  /** For example "Redirect URI Error". */
  readonly title: string;
  /** What happened, in plain words. */
  readonly message: string;
  /** What the person can do about it. */
  readonly remedy?: string | undefined;
  /** A link onwards. */
  readonly link?: { readonly href: string; readonly label: string } | undefined;
}

/**
 * Errors that no single field can carry. One field alone says its error itself, beside the field; so there is always
 * exactly one alert.
 */
function drawErrors<C extends { readonly component: string }>(input: FlowPageInput<C>): Html | undefined {
  const { challenge, screen } = input;
  const labels = new Map((screen.fields?.(challenge) ?? []).map((field) => [field.name, field.label]));
  const errors = Object.entries(challenge.response_errors ?? {}).flatMap(([name, faults]) =>
    faults.map((fault) => ({ name, label: labels.get(name), text: fault.string })),
  );
  const only = errors.length === 1 ? errors[0] : undefined;
  if (errors.length === 0 || only?.label !== undefined) return undefined;
  const item = (error: (typeof errors)[number]) =>
    error.label === undefined
      ? html`<li>${error.text}</li>`
      : html`<li><a href="#${fieldId(error.name)}">${error.label}</a>: ${error.text}</li>`;
  return html`<div class="summary" role="alert" tabindex="-1">
${only ? html`<p>${only.text}</p>` : html`<p>Please look at these points:</p><ul>${errors.map(item)}</ul>`}
</div>`;
}

function drawForm<C extends { readonly component: string }>(input: FlowPageInput<C>): Html {
  const { challenge, screen } = input;
  const body = screen.body(challenge, { typed: input.typed ?? {} });
  const [main, ...others] = screen.actions?.(challenge) ?? [];
  if (!main) return body;
  const button = (className: string, action: typeof main) =>
    html`<button type="submit" class="${className}"${attributes({ name: action.name, value: action.value })}>${action.label}</button>`;
  // Errors are drawn by us, in plain words; the browser's bubbles would come first and are gone after a second.
  return html`<form method="post" action="${safeUrl(input.formAction) ?? '#'}"${attributes({
    enctype: screen.multipart?.(challenge) ? 'multipart/form-data' : undefined,
  })} novalidate>
${Object.entries({ ...input.hiddenFields, component: challenge.component }).map(
  ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
)}
${body}
<div class="actions">${button('button main', main)}${others.map((action) => button('button', action))}</div>
</form>`;
}

/** The page of a flow, as the text of a complete HTML document. */
export function renderFlowPage<C extends { readonly component: string }>(input: FlowPageInput<C>): string {
  const { challenge, screen } = input;
  const heading = screen.heading(challenge);
  const lead = screen.lead?.(challenge);
  const failed = Object.keys(challenge.response_errors ?? {}).length > 0;
  const { background, background_themed_urls: themed, layout } = challenge.flow_info ?? {};
  const light = themed?.light || background;
  return renderDocument(input, {
    title: failed ? `Error: ${heading}` : heading,
    layout,
    background: light ? { light, dark: themed?.dark || undefined } : undefined,
    main: html`<h1>${heading}</h1>
${lead && html`<p class="lead">${lead}</p>`}
${input.notice && html`<p class="notice" role="status">${input.notice}</p>`}
${drawErrors(input)}
${drawForm(input)}
${screen.after?.(challenge, { typed: input.typed ?? {} })}`,
  });
}

/** A page that tells a person about a fault that may not go back to the application. */
export function renderErrorPage(input: ErrorPageInput): string {
  const href = safeUrl(input.link?.href);
  return renderDocument(input, {
    title: input.title,
    main: html`<h1>${input.title}</h1>
<p class="lead">${input.message}</p>
${input.remedy && html`<p>${input.remedy}</p>`}
${href && html`<p class="actions"><a class="button" href="${href}">${input.link?.label}</a></p>`}`,
  });
}

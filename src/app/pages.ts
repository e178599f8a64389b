/** Draws the pages of flows and of errors, with the brand of the host. */
import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { brandOfHost } from '../core/brands.ts';
import type { Core } from '../core/core.ts';
import type { FlowPages } from '../flow/pages.ts';
import type { ErrorPage, RenderErrorPage } from '../http/errors.ts';
import { type DocumentContent, renderDocument } from '../web/flow/document.ts';
import { readFlowAssets } from '../web/flow/assets.ts';
import { endingScreens } from '../web/flow/endings.screen.ts';
import { faultWords } from '../web/flow/fault-words.ts';
import { type PageBrand, renderErrorPage, renderFlowPage } from '../web/flow/page.ts';
import type { Screen } from '../web/kit/screen.ts';

export type Pages = FlowPages & {
  error: RenderErrorPage;
  /** A page that belongs to no flow. */
  plain(request: FastifyRequest, reply: FastifyReply, page: DocumentContent): Promise<string>;
  /** Serves the stylesheet and the script. */
  mount(server: FastifyInstance): void;
};

/**
 * No `form-action` here: browsers apply it to every redirect that follows a form, and a sign-in ends with one to an
 * application's own address.
 */
const policy = (nonce: string): string =>
  `default-src 'none'; style-src 'self' 'nonce-${nonce}'; script-src 'self'; img-src 'self' data: https:; frame-ancestors 'none'; base-uri 'none'`;

/** Reads the assets once and makes the pages. */
export async function makePages(core: Core): Promise<Pages> {
  const assets = await readFlowAssets();
  const screens = endingScreens as unknown as Readonly<Record<string, Screen<{ component: string }>>>;
  const frameOf = async (
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<{ brand: PageBrand; nonce: string; requestId: string; assets: typeof assets }> => {
    const nonce = randomBytes(16).toString('base64');
    reply.header('content-security-policy', policy(nonce));
    // A request whose Host cannot be read has no origin; it gets the default brand.
    const host = (request.requestOrigin as { host: string } | undefined)?.host ?? '';
    const values = (await brandOfHost(core, host))?.values;
    const brand = {
      title: values?.branding_title || 'Ostiary',
      logoUrl: values?.branding_logo ?? '',
      faviconUrl: values?.branding_favicon ?? '',
      customCss: values?.branding_custom_css || undefined,
      language: 'en',
    };
    return { brand, nonce, requestId: request.id, assets };
  };
  return {
    async draw(request, reply, page) {
      const screen = page.screen ?? screens[page.challenge.component];
      if (!screen) throw new Error(`no screen shows ${page.challenge.component}`);
      const { requestId, ...frame } = await frameOf(request, reply);
      const shown = page.challenge.component === 'ak-stage-access-denied' ? { requestId } : {};
      return renderFlowPage({ ...frame, ...shown, ...page, challenge: page.challenge as never, screen });
    },
    async plain(request, reply, page) {
      const { requestId: _, ...frame } = await frameOf(request, reply);
      return renderDocument(frame, page);
    },
    async error(page, request, reply) {
      return renderErrorPage({ ...(await frameOf(request, reply)), ...wordsOf(page) });
    },
    mount(server) {
      for (const file of assets.files) {
        server.get(file.path, async (_request, reply) =>
          reply
            .type(file.contentType)
            .header('cache-control', 'public, max-age=31536000, immutable')
            .send(file.content),
        );
      }
    },
  };
}

/** Codes and statuses that have words of their own. */
const WORDS: Readonly<Record<string, keyof typeof faultWords>> = {
  invalid_client: 'clientId',
  invalid_redirect_uri: 'redirectUri',
  bad_host: 'wrongHost',
  wrong_host: 'wrongHost',
  cross_site: 'crossSite',
  404: 'notFound',
  429: 'tooMany',
};

function wordsOf({ status, message, code }: ErrorPage): { title: string; message: string; remedy?: string } {
  const ready = status >= 500 ? 'unexpected' : (WORDS[code] ?? WORDS[status]);
  if (ready === undefined)
    return { title: status === 403 ? 'Not allowed' : 'This request cannot be answered', message };
  const { status: _, ...words } = faultWords[ready];
  return words as { title: string; message: string; remedy?: string };
}

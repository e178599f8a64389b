/** What the flow needs of the pages, which it is handed: it decides what is shown, not how. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AnswerErrors, Challenge } from '../stages/stage.ts';
import type { Screen } from '../web/kit/screen.ts';

/** The frame that every challenge has on the wire. */
export type FlowInfo = {
  title: string;
  background: string;
  background_themed_urls: null;
  cancel_url: string;
  layout: string;
};

export type FramedChallenge = Challenge & { flow_info: FlowInfo; response_errors?: AnswerErrors };

export type FlowPage = {
  challenge: FramedChallenge;
  /** Undefined for the challenges that belong to no stage: the pages know those. */
  screen: Screen<{ component: string }> | undefined;
  formAction: string;
  hiddenFields: Record<string, string>;
  typed?: Record<string, string>;
  notice?: string | undefined;
};

/** Draws pages and sets their headers. */
export type FlowPages = {
  draw(request: FastifyRequest, reply: FastifyReply, page: FlowPage): Promise<string>;
};

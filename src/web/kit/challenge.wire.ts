/**
 * What every challenge of the flow executor has in common, whatever its stage.
 * A stage's own wire file declares only its own fields; the flow adds these around them.
 *
 * Wire files export functions that build a schema. Building costs time and memory, so nothing is built at import;
 * whoever validates calls the function once and keeps the result.
 */
import { z } from 'zod';

/** The layouts of a flow, as administrators choose them. */
export const flowLayouts = [
  'stacked',
  'content_left',
  'content_right',
  'sidebar_left',
  'sidebar_right',
  'sidebar_left_frame_background',
  'sidebar_right_frame_background',
] as const;

/** What a flow is for. */
export const flowDesignations = [
  'authentication',
  'authorization',
  'invalidation',
  'enrollment',
  'unenrollment',
  'recovery',
  'stage_configuration',
] as const;

/** `flow_info`: how the flow wants to be framed, and where "cancel" leads. */
export const flowInfo = () =>
  z.object({
    title: z.string().optional(),
    background: z.string().optional(),
    background_themed_urls: z.object({ light: z.string().nullish(), dark: z.string().nullish() }).nullish(),
    cancel_url: z.string(),
    layout: z.enum(flowLayouts),
  });
export type FlowInfo = z.infer<ReturnType<typeof flowInfo>>;

/** `response_errors`: for each field, what is wrong with the last answer. `non_field_errors` is for the whole form. */
export const responseErrors = () => z.record(z.string(), z.array(z.object({ string: z.string(), code: z.string() })));
export type ResponseErrors = z.infer<ReturnType<typeof responseErrors>>;

/** The part of a challenge that the flow adds. */
export const challengeFrame = () =>
  z.object({ flow_info: flowInfo().optional(), response_errors: responseErrors().optional() });
export type ChallengeFrame = z.infer<ReturnType<typeof challengeFrame>>;

/** A challenge as it crosses the wire: a stage's own fields and the flow's frame. */
export type Framed<C> = C & ChallengeFrame;

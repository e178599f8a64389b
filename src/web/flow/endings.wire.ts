/**
 * The challenges that belong to no stage: how a flow ends, where it leads on, and what a protocol asks on its way.
 * The words are authentik's, except `ostiary-flow-confirm`.
 */
import { z } from 'zod';

/** The person may not go on. */
export const accessDeniedChallenge = () =>
  z.object({
    component: z.literal('ak-stage-access-denied'),
    pending_user: z.string(),
    pending_user_avatar: z.string(),
    error_message: z.string().optional(),
  });
export type AccessDeniedChallenge = z.infer<ReturnType<typeof accessDeniedChallenge>>;

/** Something broke. `error` and `traceback` are for administrators only; the flow leaves them out for others. */
export const flowErrorChallenge = () =>
  z.object({
    component: z.literal('ak-stage-flow-error'),
    request_id: z.string(),
    error: z.string().optional(),
    traceback: z.string().optional(),
  });
export type FlowErrorChallenge = z.infer<ReturnType<typeof flowErrorChallenge>>;

/** The person has left one application and may leave the rest. */
export const sessionEndChallenge = () =>
  z.object({
    component: z.literal('ak-stage-session-end'),
    pending_user: z.string(),
    pending_user_avatar: z.string(),
    application_name: z.string().optional(),
    application_launch_url: z.string().optional(),
    invalidation_flow_url: z.string().optional(),
    overview_url: z.string().optional(),
    brand_name: z.string(),
  });
export type SessionEndChallenge = z.infer<ReturnType<typeof sessionEndChallenge>>;

/** The flow goes on at another address. */
export const redirectChallenge = () =>
  z.object({
    component: z.literal('xak-flow-redirect'),
    to: z.string(),
    final_redirect: z.boolean().optional(),
  });
export type RedirectChallenge = z.infer<ReturnType<typeof redirectChallenge>>;

/** The browser posts `attrs` to `url` (OAuth 2.0 Form Post Response Mode, SAML POST binding). */
export const autosubmitChallenge = () =>
  z.object({
    component: z.literal('ak-stage-autosubmit'),
    url: z.string(),
    attrs: z.record(z.string(), z.string()),
    title: z.string().optional(),
  });
export type AutosubmitChallenge = z.infer<ReturnType<typeof autosubmitChallenge>>;

/** Ours: the next step acts without asking, and was reached by a link. One click keeps a foreign page from acting. */
export const confirmChallenge = () =>
  z.object({
    component: z.literal('ostiary-flow-confirm'),
    flow_designation: z.enum([
      'authentication',
      'authorization',
      'invalidation',
      'enrollment',
      'unenrollment',
      'recovery',
      'stage_configuration',
    ]),
    pending_user: z.string().optional(),
    pending_user_avatar: z.string().optional(),
    /** The application that the step concerns. */
    application_name: z.string().optional(),
  });
export type ConfirmChallenge = z.infer<ReturnType<typeof confirmChallenge>>;

/** The person types the code that a device shows (RFC 8628, section 3.3). `code` prefills it: the person still confirms. */
export const deviceCodeChallenge = () =>
  z.object({
    component: z.literal('ak-provider-oauth2-device-code'),
    code: z.string().optional(),
  });
export type DeviceCodeChallenge = z.infer<ReturnType<typeof deviceCodeChallenge>>;

export const deviceCodeAnswer = () =>
  z.object({
    component: z.literal('ak-provider-oauth2-device-code').optional(),
    code: z.string().min(1),
  });
export type DeviceCodeAnswer = z.infer<ReturnType<typeof deviceCodeAnswer>>;

/** The device may go on; nothing more to do here. */
export const deviceCodeFinishChallenge = () =>
  z.object({ component: z.literal('ak-provider-oauth2-device-code-finish') });
export type DeviceCodeFinishChallenge = z.infer<ReturnType<typeof deviceCodeFinishChallenge>>;

/** Every challenge of this file. */
export type EndingChallenge =
  | AccessDeniedChallenge
  | FlowErrorChallenge
  | SessionEndChallenge
  | RedirectChallenge
  | AutosubmitChallenge
  | ConfirmChallenge
  | DeviceCodeChallenge
  | DeviceCodeFinishChallenge;

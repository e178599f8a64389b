/** What crosses the wire when a flow asks who somebody is. */
import { z } from 'zod';

/** A way to sign in elsewhere. `challenge` is an `xak-flow-redirect`, or one that needs the source's own script. */
export const loginSource = () =>
  z.object({
    name: z.string(),
    icon_url: z.string().nullish(),
    promoted: z.boolean().optional(),
    challenge: z.looseObject({ component: z.string(), to: z.string().optional() }),
  });
export type LoginSource = z.infer<ReturnType<typeof loginSource>>;

/** What the person is asked. */
export const identificationChallenge = () =>
  z.object({
    component: z.literal('ak-stage-identification'),
    /** Which names are accepted: `username`, `email`, `upn`. Empty or null: only sources or passkeys. */
    user_fields: z.array(z.string()).nullable(),
    pending_user_identifier: z.string().nullish(),
    /** True when the password is asked on the same screen. */
    password_fields: z.boolean(),
    allow_show_password: z.boolean().optional(),
    /** The name of the application that is being entered, and where it starts. */
    application_pre: z.string().optional(),
    application_pre_launch: z.string().optional(),
    flow_designation: z.enum([
      'authentication',
      'authorization',
      'invalidation',
      'enrollment',
      'unenrollment',
      'recovery',
      'stage_configuration',
    ]),
    captcha_stage: z.looseObject({ component: z.string() }).nullish(),
    enroll_url: z.string().optional(),
    recovery_url: z.string().optional(),
    passwordless_url: z.string().optional(),
    primary_action: z.string(),
    sources: z.array(loginSource()).optional(),
    show_source_labels: z.boolean(),
    enable_remember_me: z.boolean().optional(),
    passkey_challenge: z.record(z.string(), z.unknown()).nullish(),
  });
export type IdentificationChallenge = z.infer<ReturnType<typeof identificationChallenge>>;

/** What the person answers. */
export const identificationAnswer = () =>
  z.object({
    component: z.literal('ak-stage-identification').optional(),
    uid_field: z.string().nullish(),
    password: z.string().nullish(),
    captcha_token: z.string().nullish(),
    passkey: z.record(z.string(), z.unknown()).nullish(),
  });
export type IdentificationAnswer = z.infer<ReturnType<typeof identificationAnswer>>;

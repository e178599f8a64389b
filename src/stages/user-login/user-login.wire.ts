/** What crosses the wire when a person may choose to stay signed in. */
import { z } from 'zod';

export const userLoginChallenge = () =>
  z.object({
    component: z.literal('ak-stage-user-login'),
    pending_user: z.string(),
    pending_user_avatar: z.string(),
  });
export type UserLoginChallenge = z.infer<ReturnType<typeof userLoginChallenge>>;

/** `remember_me` is a boolean in JSON and `true` or `false` in a form. */
export const userLoginAnswer = () =>
  z.object({
    component: z.literal('ak-stage-user-login').optional(),
    remember_me: z.union([z.boolean(), z.stringbool()]),
  });
export type UserLoginAnswer = z.infer<ReturnType<typeof userLoginAnswer>>;

/** What crosses the wire when a flow asks for a password. */
import { z } from 'zod';

export const passwordChallenge = () =>
  z.object({
    component: z.literal('ak-stage-password'),
    pending_user: z.string(),
    pending_user_avatar: z.string(),
    recovery_url: z.string().optional(),
    allow_show_password: z.boolean().optional(),
  });
export type PasswordChallenge = z.infer<ReturnType<typeof passwordChallenge>>;

export const passwordAnswer = () =>
  z.object({ component: z.literal('ak-stage-password').optional(), password: z.string().min(1) });
export type PasswordAnswer = z.infer<ReturnType<typeof passwordAnswer>>;

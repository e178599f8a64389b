/** What crosses the wire when a person is asked to let an application see something of theirs. */
import { z } from 'zod';

export const consentPermission = () => z.object({ id: z.string(), name: z.string() });
export type ConsentPermission = z.infer<ReturnType<typeof consentPermission>>;

export const consentChallenge = () =>
  z.object({
    component: z.literal('ak-stage-consent'),
    pending_user: z.string(),
    pending_user_avatar: z.string(),
    /** One sentence that names the application. */
    header_text: z.string().optional(),
    /** What is asked for; what was granted before, when only `additional_permissions` is new. */
    permissions: z.array(consentPermission()),
    additional_permissions: z.array(consentPermission()),
    /** Echoed by the answer, so that nobody consents to a screen they have not seen. */
    token: z.string(),
  });
export type ConsentChallenge = z.infer<ReturnType<typeof consentChallenge>>;

export const consentAnswer = () =>
  z.object({ component: z.literal('ak-stage-consent').optional(), token: z.string().min(1) });
export type ConsentAnswer = z.infer<ReturnType<typeof consentAnswer>>;

/** What crosses the wire for the stage that only waits for a click. */
import { z } from 'zod';

export const dummyChallenge = () => z.object({ component: z.literal('ak-stage-dummy'), name: z.string() });
export type DummyChallenge = z.infer<ReturnType<typeof dummyChallenge>>;

export const dummyAnswer = () => z.object({ component: z.literal('ak-stage-dummy').optional() });
export type DummyAnswer = z.infer<ReturnType<typeof dummyAnswer>>;

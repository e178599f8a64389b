import type { Challenge, AnswerErrors } from '../stages/stage.ts';
import type { FramedChallenge } from './pages.ts';
import type { FlowObject } from './plan.store.ts';

/** Puts the flow's frame around a challenge, as authentik's executor sends it. */
export function frame(
  flow: FlowObject | undefined,
  challenge: Challenge,
  cancelUrl: string,
  errors?: AnswerErrors,
  names: { app?: string; user?: string } = {},
): FramedChallenge {
  const values = flow?.values;
  return {
    ...challenge,
    flow_info: {
      title: (values?.title ?? '').replace(/%\((app|user)\)s/g, (_, name: 'app' | 'user') => names[name] ?? ''),
      background: values?.background ?? '',
      background_themed_urls: null,
      cancel_url: cancelUrl,
      layout: values?.layout ?? 'stacked',
    },
    ...(errors && { response_errors: errors }),
  };
}

/** A path of ours that is safe to go to, or undefined: never another host, however it is written. */
export function ownPath(text: string | undefined): string | undefined {
  if (text === undefined || text.length > 8192 || !/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(text)) return undefined;
  const base = 'http://own.invalid';
  try {
    return new URL(text, base).origin === base ? text : undefined;
  } catch {
    return undefined;
  }
}

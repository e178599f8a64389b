/**
 * Tells administrators of requests that were refused: what was received and what was registered. Bounded, since
 * anybody can send such requests: the same one is stored once in a while, and not too many in all.
 */
import type { Core } from '../../core/core.ts';
import { type EventInput, recordEvent } from '../../core/events.ts';

const QUIET_MILLISECONDS = 10 * 60 * 1000;
const MOST_IN_WINDOW = 100;
const LONGEST_TEXT = 500;

export type Refusals = {
  /** Whether a refusal is worth storing: the same was not lately, and few others were. True once for each key. */
  isNews(key: string): boolean;
  /** Records a refusal if it is news. Never fails the request. */
  record(key: string, event: Omit<EventInput, 'app'>): Promise<void>;
};

/** Makes the memory of one server. */
export function makeRefusals(core: Core): Refusals {
  const seen = new Set<string>();
  let windowEndsAt = 0;
  const isNews: Refusals['isNews'] = (key) => {
    if (core.now() >= windowEndsAt) {
      seen.clear();
      windowEndsAt = core.now() + QUIET_MILLISECONDS;
    }
    const cut = bounded(key);
    if (seen.has(cut) || seen.size >= MOST_IN_WINDOW) return false;
    seen.add(cut);
    return true;
  };
  return {
    isNews,
    async record(key, event) {
      if (!isNews(key)) return;
      try {
        await core.database.write((transaction) =>
          recordEvent(transaction, core.now(), { app: 'authentik.providers.oauth2', ...event }),
        );
      } catch (fault) {
        core.log.error({ err: fault }, 'a refused request could not be recorded');
      }
    },
  };
}

/** Text of a stranger, cut to what an event may hold. */
export const bounded = (text: string): string => text.slice(0, LONGEST_TEXT);

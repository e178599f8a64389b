/** Flushes one file to the disk on the thread pool, and shares each flush among all who wait for one. */
import { fdatasync } from 'node:fs';

/**
 * A flush has failed. The system may have thrown away what it could not write and report success the next time, so
 * nothing after it can be promised: every later flush fails as well, until the program is started anew.
 */
export class FlushFailedError extends Error {}

export type Flusher = {
  /** Resolves when everything written before the call is on the disk. @throws FlushFailedError */
  flush(): Promise<void>;
  /** Throws FlushFailedError once a flush has failed. */
  check(): void;
  /** Resolves when no flush is running or waiting, however they ended. */
  settled(): Promise<void>;
};

/** `sync` is `fdatasync` but for tests. */
export function makeFlusher(descriptor: number, sync: typeof fdatasync = fdatasync): Flusher {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  let failure: FlushFailedError | undefined;
  const begin = (): Promise<void> => {
    if (failure) return Promise.reject(failure);
    running = new Promise((resolve, reject) => {
      sync(descriptor, (cause) => {
        running = undefined;
        if (!cause) return resolve();
        failure = new FlushFailedError('the disk has not taken what was written', { cause });
        reject(failure);
      });
    });
    return running;
  };
  return {
    flush() {
      // One that has begun may have missed the newest write, so late comers share the one after it.
      if (next) return next;
      if (!running) return begin();
      next = running
        .catch(() => undefined)
        .then(() => {
          next = undefined;
          return begin();
        });
      return next;
    },
    check() {
      if (failure) throw failure;
    },
    async settled() {
      // oxlint-disable-next-line no-unmodified-loop-condition -- others may begin one meanwhile.
      while (next ?? running) await (next ?? running)?.catch(() => undefined);
    },
  };
}

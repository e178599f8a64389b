/** The signals by which an operator stops the server. */

const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;
/** npm passes Ctrl-C on to a process that the terminal has told already. */
const SAME_SIGNAL_MILLISECONDS = 500;

/** Resolves with the first signal. A second one, if it is not an echo of the first, ends the process at once. */
export function firstSignal(): Promise<string> {
  return new Promise((resolve) => {
    let first: number | undefined;
    for (const [signal, number] of Object.entries(SIGNALS)) {
      process.on(signal, () => {
        first ??= performance.now();
        if (performance.now() - first > SAME_SIGNAL_MILLISECONDS) process.exit(128 + number);
        resolve(signal);
      });
    }
  });
}

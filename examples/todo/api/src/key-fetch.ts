import type { FetchImplementation } from 'jose';

/** A key set of a hundred RSA keys is below this. */
const LARGEST_KEY_SET_BYTES = 256 * 1024;

/**
 * Wraps the fetch of a key set with two bounds: an answer may have 256 KiB, and after a failure the same
 * failure is given again for a while, so that an issuer that is down is not asked once for every request that arrives.
 * (The cooldown after a success is kept by jose.)
 */
export function boundedKeyFetch(
  fetchKeys: FetchImplementation,
  pauseAfterFailureMilliseconds: number,
): FetchImplementation {
  let lastFailure: { readonly at: number; readonly cause: unknown } | undefined;
  return async (url, options) => {
    if (lastFailure && performance.now() - lastFailure.at < pauseAfterFailureMilliseconds) throw lastFailure.cause;
    try {
      const answer = await fetchKeys(url, options);
      if (answer.status !== 200) throw new Error(`The key set could not be fetched: ${url} answered ${answer.status}.`);
      const text = await readBounded(answer);
      JSON.parse(text);
      lastFailure = undefined;
      return new Response(text, { status: 200 });
    } catch (cause) {
      lastFailure = { at: performance.now(), cause };
      throw cause;
    }
  };
}

async function readBounded(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > LARGEST_KEY_SET_BYTES) throw new Error(`The key set is larger than ${LARGEST_KEY_SET_BYTES} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

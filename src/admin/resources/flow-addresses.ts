/** Addresses that answers about a flow hold. */
import type { Values } from '../resource.ts';

/** Where its background and its export are. */
export function flowAddresses({ slug, background }: { slug: string; background: string }): Values {
  return {
    background_url: background,
    export_url: `/api/v3/flows/instances/${slug}/export/`,
  };
}

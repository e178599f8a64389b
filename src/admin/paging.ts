/** The envelope of a list, and the page that was asked for. */
import type { Core } from '../core/core.ts';
import { notFound } from '../core/fault.ts';
import type { Parameters } from '../http/parameters.ts';
import { readSystemSettings } from './system-settings.ts';

export type Paging = { page: number; size: number };

export type Envelope<T> = {
  pagination: {
    next: number;
    previous: number;
    count: number;
    current: number;
    total_pages: number;
    start_index: number;
    end_index: number;
  };
  results: T[];
  autocomplete: Record<string, never>;
};

/** Which page is asked for. Throws not_found for a page that cannot be. */
export async function pagingOf(core: Core, query: Parameters): Promise<Paging> {
  const settings = await readSystemSettings(core);
  const asked = Number(query.get('page_size')?.at(-1));
  const most = settings.pagination_max_page_size;
  const size = Number.isInteger(asked) && asked > 0 ? asked : settings.pagination_default_page_size;
  const text = query.get('page')?.at(-1) ?? '1';
  const page = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (page < 1) throw notFound('Invalid page.');
  return { page, size: Math.min(size, most) };
}

/** Reads the page between `offset` and `limit`. Throws not_found for a page past the end. */
export async function pageOf<T>(
  { page, size }: Paging,
  count: number,
  read: (limit: number, offset: number) => Promise<T[]>,
): Promise<Envelope<T>> {
  const pages = Math.max(1, Math.ceil(count / size));
  if (page > pages) throw notFound('Invalid page.');
  const offset = (page - 1) * size;
  const results = count === 0 ? [] : await read(size, offset);
  return {
    pagination: {
      next: page < pages ? page + 1 : 0,
      previous: page > 1 ? page - 1 : 0,
      count,
      current: page,
      total_pages: pages,
      start_index: count === 0 ? 0 : offset + 1,
      end_index: count === 0 ? 0 : Math.min(offset + size, count),
    },
    results,
    autocomplete: {},
  };
}

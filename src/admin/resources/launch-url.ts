/** Where an application begins, for one person. */
import type { User } from '../../core/users.ts';
import type { Application } from '../../access/access.ts';

/**
 * The launch URL with `%(username)s`, `%(email)s`, `%(name)s`, `%(uid)s` and `%(user_id)s` filled in, each encoded so
 * that it cannot become another part of the address. Null when there is none, or it is no http or https address.
 */
export function launchUrl({ meta_launch_url }: Application['values'], user: User): string | null {
  if (meta_launch_url === '') return null;
  const known = new Map([
    ['username', user.username],
    ['email', user.email],
    ['name', user.name],
    ['uid', user.uid],
    ['user_id', String(user.pk)],
  ]);
  const filled = meta_launch_url.replace(/%\((\w+)\)s/g, (_, name: string) =>
    encodeURIComponent(known.get(name) ?? ''),
  );
  // `blank://blank` is authentik's way to say that an application is shown and leads nowhere.
  if (filled === 'blank://blank') return filled;
  if (filled.startsWith('/') && !filled.startsWith('//')) return filled;
  return URL.canParse(filled) && /^https?:$/.test(new URL(filled).protocol) ? filled : null;
}

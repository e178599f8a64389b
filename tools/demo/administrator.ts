/** The password of the demonstration's administrator: made once and kept beside the data, so that it can be shown again. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export function administratorPassword(folder: string): string {
  const path = join(folder, 'akadmin-password');
  if (existsSync(path)) return readFileSync(path, 'utf8').trim();
  const password = randomBytes(15).toString('base64url');
  writeFileSync(path, `${password}\n`, { mode: 0o600, flag: 'wx' });
  return password;
}

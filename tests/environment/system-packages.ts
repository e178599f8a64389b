/**
 * Installs what the tests need from the system, where that is possible without asking: as root on Debian.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/**
 * Installs one Debian package and says so. Returns undefined when it is there now, else a sentence that tells the
 * person what to do.
 */
export function install(name: string, purpose: string): string | undefined {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    return `${purpose} is missing: install it (on Debian: apt install ${name})`;
  }
  console.log(`${purpose} is missing: installing Debian's package ${name} …`);
  const apt = (...words: string[]) =>
    spawnSync('apt-get', words, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0;
  const wanted = ['install', '--yes', '--no-install-recommends', name];
  // The lists of a fresh container are empty or old; they are fetched only when the first attempt fails.
  if (apt(...wanted) || (apt('update') && apt(...wanted))) return undefined;
  return `${purpose} is missing and apt-get could not install ${name}`;
}

import type { BrowserSettings } from '../config.ts';

/** Asks the server for the settings of the place where the page runs. Throws when they cannot be had. */
export async function loadSettings(): Promise<BrowserSettings> {
  const answer = await fetch('/config.json', { cache: 'no-store' });
  if (!answer.ok) throw new Error(`The settings could not be loaded: ${answer.status}`);
  const settings: Partial<BrowserSettings> = await answer.json();
  const { issuer, clientId, apiUrl, offlineAccess = false } = settings;
  if (!issuer || !clientId || !apiUrl) throw new Error('The settings are incomplete.');
  return { issuer, clientId, apiUrl, offlineAccess };
}

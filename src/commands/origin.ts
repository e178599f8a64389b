/** Where a person on this machine finds the server. */
import type { ListenAddress } from '../config.ts';

const ANY = ['::', '0.0.0.0', '::1', '127.0.0.1'];

/** The origin of the first address. `localhost` stands for every address of this machine. */
export function originOf([first]: readonly ListenAddress[]): string {
  const { host, port } = first ?? { host: '::', port: 9000 };
  const name = ANY.includes(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}

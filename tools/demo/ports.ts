/** The ports of the demonstration: asked for, or any that are free. */
import { createServer } from 'node:net';

export type Ports = { ostiary: number; api: number; web: number };

const OPTIONS = { ostiary: '--port', api: '--api-port', web: '--web-port' } as const;

/** Looks at all of them before anything starts. `0` is any free one. Throws with one sentence for each that is taken. */
export async function choosePorts(wanted: Readonly<Record<keyof Ports, string>>): Promise<Ports> {
  const ports: Ports = { ostiary: 0, api: 0, web: 0 };
  const faults: string[] = [];
  for (const name of Object.keys(ports) as (keyof Ports)[]) {
    const port = /^\d{1,5}$/.test(wanted[name]) ? Number(wanted[name]) : Number.NaN;
    if (!(port <= 65535)) {
      faults.push(`${OPTIONS[name]} wants a port from 0 to 65535, and "${wanted[name]}" is none.`);
      continue;
    }
    const free = await tryPort(port);
    if (free === undefined) {
      faults.push(
        `Port ${port} is in use by another program. Stop that one, or choose another: npm run demo -- ${OPTIONS[name]} ${port + 1}`,
      );
    } else ports[name] = free;
  }
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return ports;
}

/** The port, or undefined when it cannot be had. */
function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(undefined));
    probe.listen(port, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
    });
  });
}

/** Lets one server listen on several addresses. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { longestHeaders } from './server.ts';

/** Where to listen. Port 0 lets the system choose. */
export type Address = { readonly host: string; readonly port: number };

/**
 * Listens on every address and returns those that it got, in the same order. Closing the server closes all of
 * them. Where one cannot be had, the error of the system is thrown and the caller closes the server.
 */
export async function listenOn(server: FastifyInstance, addresses: readonly Address[]): Promise<readonly Address[]> {
  const [first, ...others] = addresses;
  if (first === undefined) throw new RangeError('a server needs an address to listen on');
  const extra = others.map(() => anotherServer(server));
  server.addHook('onClose', async () => {
    await Promise.all(extra.map(closeServer));
  });
  await server.ready();
  await withoutIpv6Too(first, async (address) => {
    await server.listen(address);
  });
  for (const [index, address] of others.entries()) {
    const listener = extra[index];
    if (listener !== undefined) await listenOnAddress(listener, address);
  }
  return [server.server, ...extra].map((each) => {
    const { address, port } = each.address() as AddressInfo;
    return { host: address, port };
  });
}

/** Lets a plain `node:http` server listen, such as the one for metrics. */
export async function listenOnAddress(listener: Server, address: Address): Promise<void> {
  await withoutIpv6Too(
    address,
    ({ host, port }) =>
      new Promise<void>((resolve, reject) => {
        listener.once('error', reject);
        listener.listen(port, host, () => {
          listener.off('error', reject);
          resolve();
        });
      }),
  );
}

/** `[::]` means every address of the machine, also where it has no IPv6 at all. */
async function withoutIpv6Too(address: Address, listen: (address: Address) => Promise<void>): Promise<void> {
  try {
    await listen(address);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (address.host !== '::' || (code !== 'EAFNOSUPPORT' && code !== 'EADDRNOTAVAIL')) throw error;
    await listen({ host: '0.0.0.0', port: address.port });
  }
}

function anotherServer(server: FastifyInstance): Server {
  const { headersTimeout, requestTimeout, keepAliveTimeout } = server.server;
  const connectionsCheckingInterval = Math.min(headersTimeout, 5_000);
  const bounds = {
    maxHeaderSize: longestHeaders,
    headersTimeout,
    requestTimeout,
    keepAliveTimeout,
    connectionsCheckingInterval,
  };
  const another = createServer(bounds, (request, response) => server.routing(request, response));
  for (const listener of server.server.listeners('clientError')) {
    another.on('clientError', listener as (error: Error) => void);
  }
  return another;
}

async function closeServer(listener: Server): Promise<void> {
  if (!listener.listening) return;
  await new Promise<void>((resolve) => {
    listener.close(() => resolve());
    listener.closeIdleConnections();
  });
}

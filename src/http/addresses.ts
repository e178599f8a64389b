/**
 * Who is asking, and under which address: the client's IP, and the scheme and host that the browser sees.
 *
 * `X-Forwarded-For`, `-Proto` and `-Host` count only from a trusted proxy; from anybody else they are as if they
 * were not there. What counts and cannot be read is a denial: a guess here would decide who somebody is.
 */
import type { IncomingMessage } from 'node:http';
import { type BlockList, isIP, SocketAddress } from 'node:net';
import { Fault } from '../core/fault.ts';

/** Where a request came from. `origin` is scheme and host as a browser writes them. */
export type RequestOrigin = {
  readonly scheme: 'http' | 'https';
  /** Lower case, with the port unless it is the scheme's own. */
  readonly host: string;
  readonly origin: string;
  /** In its shortest form; IPv4 never as IPv6. */
  readonly clientAddress: string;
  /** Whether the connection came from a trusted proxy. */
  readonly viaProxy: boolean;
};

/** At most so many hops are looked at. */
const mostHops = 32;

/** Reads the origin of a request. @throws Fault (400) when a header that counts cannot be read. */
export function requestOrigin(message: IncomingMessage, trustedProxies: BlockList): RequestOrigin {
  const { headers, socket, rawHeaders } = message;
  if (hasTwoHosts(rawHeaders)) throw new Fault('bad_host', 'The Host header is given more than once.');
  const peer = plainAddress(socket.remoteAddress ?? '');
  if (peer === undefined) throw new Fault('client_gone', 'The connection is closed.');
  const forwardedFor = headers['x-forwarded-for'];
  const forwardedProto = headers['x-forwarded-proto'];
  const forwardedHost = headers['x-forwarded-host'];
  const forwarded = forwardedFor !== undefined || forwardedProto !== undefined || forwardedHost !== undefined;
  const viaProxy = forwarded && isTrusted(peer, trustedProxies);
  const encrypted = 'encrypted' in socket && socket.encrypted === true;
  const scheme = (viaProxy && readProto(forwardedProto)) || (encrypted ? 'https' : 'http');
  const host = parseHost((viaProxy && onlyEntry(forwardedHost, 'X-Forwarded-Host')) || headers.host || '', scheme);
  if (host === undefined) throw new Fault('bad_host', 'The Host header is not valid.');
  const clientAddress = viaProxy && forwardedFor !== undefined ? readClient(forwardedFor, peer, trustedProxies) : peer;
  return { scheme, host, origin: `${scheme}://${host}`, clientAddress, viaProxy };
}

/**
 * Under which name an address is counted. Whoever has IPv6 has at least 2^64 addresses (RFC 6177), so all of one /64
 * are one; an IPv4 address stands for itself.
 */
export function countedAddress(address: string): string {
  if (isIP(address) !== 6) return address;
  const [before = '', after] = address.split('::');
  const left = before === '' ? [] : before.split(':');
  const right = after === undefined || after === '' ? [] : after.split(':');
  const zeros = after === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}

/** node:http keeps the first of two; a proxy before us may have read the second (RFC 9112 section 3.2). */
function hasTwoHosts(rawHeaders: readonly string[]): boolean {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts > 1;
}

/**
 * A host and port in the form in which origins are compared, or undefined where it is not exactly one (RFC 3986
 * section 3.2.2, without user information, percent-encoding or a trailing dot).
 */
export function parseHost(text: string, scheme: 'http' | 'https'): string | undefined {
  const match = /^(?<name>[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::(?<port>\d{1,5}))?$/i.exec(text);
  const name = match?.groups?.name?.toLowerCase();
  if (name === undefined) return undefined;
  const port = match?.groups?.port;
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65535)) return undefined;
  if (name.startsWith('[')) {
    return isIP(name.slice(1, -1)) === 6 ? withPort(new URL(`http://${name}`).hostname, port, scheme) : undefined;
  }
  const labels = name.split('.');
  if (!labels.every((label) => label.length > 0 && label.length <= 63)) return undefined;
  // A browser reads a name whose last label is a number as an address, also 0x7f.1 and 127.1.
  if (/^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '') && isIP(name) !== 4) return undefined;
  return withPort(name, port, scheme);
}

function withPort(name: string, port: string | undefined, scheme: 'http' | 'https'): string {
  const standard = scheme === 'https' ? 443 : 80;
  return port === undefined || Number(port) === standard ? name : `${name}:${Number(port)}`;
}

/**
 * Walks from the proxy towards the client and stops at the first address that is no trusted proxy: what is
 * beyond it was written by somebody whom nobody vouches for.
 */
function readClient(header: string | string[], peer: string, trustedProxies: BlockList): string {
  const hops = entries(header);
  if (hops.length > mostHops) throw unreadable('X-Forwarded-For');
  const addresses = hops.map((hop) => {
    const match = /^(?:\[([^\]]+)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/.exec(hop);
    const address = plainAddress(match?.[1] ?? match?.[2] ?? hop);
    if (address === undefined || hop.includes('%')) throw unreadable('X-Forwarded-For');
    return address;
  });
  return addresses.findLast((address) => !isTrusted(address, trustedProxies)) ?? addresses[0] ?? peer;
}

function readProto(header: string | string[] | undefined): 'http' | 'https' | undefined {
  const proto = onlyEntry(header, 'X-Forwarded-Proto')?.toLowerCase();
  if (proto === undefined) return undefined;
  if (proto === 'https' || proto === 'wss') return 'https';
  if (proto === 'http' || proto === 'ws') return 'http';
  throw unreadable('X-Forwarded-Proto');
}

/** The one value of a header. Proxies in a row may repeat it, but they must agree. */
function onlyEntry(header: string | string[] | undefined, name: string): string | undefined {
  if (header === undefined) return undefined;
  const [first = '', ...others] = entries(header);
  if (first === '' || others.some((other) => other !== first)) throw unreadable(name);
  return first;
}

function entries(header: string | string[]): string[] {
  return String(header)
    .split(',')
    .map((entry) => entry.trim());
}

function isTrusted(address: string, trustedProxies: BlockList): boolean {
  return trustedProxies.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
}

/** An address without zone and in its shortest form, or undefined where it is none. */
function plainAddress(text: string): string | undefined {
  // What the listener on `[::]` says of an IPv4 client; by far the most common.
  if (text.startsWith('::ffff:') && isIP(text.slice(7)) === 4) return text.slice(7);
  const zone = text.indexOf('%');
  const address = zone === -1 ? text : text.slice(0, zone);
  const version = isIP(address);
  if (version === 4) return address;
  return version === 6 ? canonical(address) : undefined;
}

function canonical(address: string): string {
  const short = new SocketAddress({ address, family: 'ipv6' }).address;
  return short.startsWith('::ffff:') && isIP(short.slice(7)) === 4 ? short.slice(7) : short;
}

function unreadable(name: string): Fault {
  return new Fault('bad_forwarded_header', `The header ${name} cannot be read.`);
}

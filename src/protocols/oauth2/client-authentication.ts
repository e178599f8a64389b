/**
 * Who the client is, and whether it has proven it (RFC 6749 section 2.3). One method at a time; a wrong secret always
 * fails. Does not decide what a client without proof may still do: that is the grants' matter.
 */
import { countedAddress } from '../../http/addresses.ts';
import type { FastifyRequest } from 'fastify';
import { equalInConstantTime } from '../../core/crypto/tokens.ts';
import type { Parameters } from '../../http/parameters.ts';
import { type Client, findClient } from './clients.store.ts';
import { OAuthError } from './errors.ts';
import { parameter } from './form.ts';
import type { OAuth2 } from './runtime.ts';

/** What a request says of its client. */
export type ClientCredentials = {
  /** More than one where the header may be read in two ways. */
  readings: readonly { clientId: string; secret: string | undefined }[];
  method: 'basic' | 'post' | 'none';
};

export type AuthenticatedClient = {
  client: Client;
  /** `secret`: proven. `none`: a public client, or a confidential one that presented no secret. */
  proof: 'secret' | 'none';
  /** A secret that is not the client's own, for the grants that take others in its place. */
  foreignSecret: string | undefined;
};

const LONGEST_ID = 255;
/** A federated token may stand where the secret stands. */
const LONGEST_SECRET = 32 * 1024;
const UNKNOWN = 'the client is not known or its secret is wrong';

/** Reads the credentials. @throws OAuthError for two methods at once, or what cannot be read. */
export function readClientCredentials(authorization: string | undefined, form: Parameters): ClientCredentials {
  const clientId = parameter(form, 'client_id');
  const secret = parameter(form, 'client_secret');
  if (authorization === undefined) {
    if (clientId === undefined) throw new OAuthError('invalid_client', 'the request does not say which client it is');
    if (clientId.length > LONGEST_ID || (secret?.length ?? 0) > LONGEST_SECRET)
      throw new OAuthError('invalid_client', UNKNOWN);
    return { readings: [{ clientId, secret }], method: secret === undefined ? 'none' : 'post' };
  }
  const readings = readBasic(authorization);
  if (secret !== undefined) throw new OAuthError('invalid_request', 'the client is authenticated in two ways at once');
  if (clientId !== undefined && !readings.some((each) => each.clientId === clientId)) {
    throw new OAuthError('invalid_request', 'client_id differs from the client in the Authorization header');
  }
  return { readings, method: 'basic' };
}

/**
 * Basic credentials (RFC 7617), decoded strictly. RFC 6749 wants both parts percent-encoded, many clients and
 * authentik do not: where it makes a difference both readings count.
 */
function readBasic(authorization: string): ClientCredentials['readings'] {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(authorization)?.[1];
  const bytes = Buffer.from(encoded ?? '', 'base64');
  const canonical = encoded !== undefined && bytes.toString('base64').replace(/=+$/, '') === encoded.replace(/=+$/, '');
  const text = bytes.toString('utf8');
  const colon = text.indexOf(':');
  if (!canonical || colon < 1 || text.length > LONGEST_SECRET || /[\0-\x1f\x7f\ufffd]/.test(text)) {
    throw new OAuthError('invalid_client', 'the Authorization header cannot be read as Basic credentials');
  }
  const plain = { clientId: text.slice(0, colon), secret: text.slice(colon + 1) || undefined };
  if (plain.clientId.length > LONGEST_ID) throw new OAuthError('invalid_client', UNKNOWN);
  if (!/[%+]/.test(text)) return [plain];
  try {
    const decoded = { clientId: formDecode(plain.clientId), secret: plain.secret && formDecode(plain.secret) };
    return [plain, decoded];
  } catch {
    return [plain];
  }
}

const formDecode = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));

/**
 * Finds the client and checks its secret. A secret that was presented must be right, for public clients too, unless
 * `acceptForeign` says that something else may stand in its place; then the caller must check it.
 */
export async function authenticateClient(
  oauth2: OAuth2,
  request: FastifyRequest,
  form: Parameters,
  acceptForeign: (secret: string) => boolean = () => false,
): Promise<AuthenticatedClient> {
  const { readings } = readClientCredentials(request.headers.authorization, form);
  const found = await findFirst(oauth2, readings);
  if (!found) throw new OAuthError('invalid_client', UNKNOWN);
  const { client } = found;
  const secrets = readings.flatMap((each) => (each.clientId === client.clientId ? (each.secret ?? []) : []));
  const [presented] = secrets;
  if (presented === undefined) return { client, proof: 'none', foreignSecret: undefined };
  if (acceptForeign(presented)) {
    const isOwn = client.secret !== undefined && equalInConstantTime(presented, client.secret);
    if (!isOwn) return { client, proof: 'none', foreignSecret: presented };
  }
  const subject = `client secret ${client.clientId} ${countedAddress(request.requestOrigin.clientAddress)}`;
  const verdict = await oauth2.guesses.check(subject, () =>
    secrets.map((each) => client.secret !== undefined && equalInConstantTime(each, client.secret)).includes(true),
  );
  if (verdict.type === 'blocked') {
    const { retryAfter } = verdict;
    throw new OAuthError('invalid_client', 'too many wrong secrets came from here', { status: 429, retryAfter });
  }
  if (verdict.type === 'wrong') throw new OAuthError('invalid_client', UNKNOWN);
  return { client, proof: 'secret', foreignSecret: undefined };
}

async function findFirst(
  oauth2: OAuth2,
  readings: ClientCredentials['readings'],
): Promise<{ client: Client } | undefined> {
  for (const clientId of new Set(readings.map((each) => each.clientId))) {
    const client = await findClient(oauth2.services, clientId);
    if (client) return { client };
  }
  return undefined;
}

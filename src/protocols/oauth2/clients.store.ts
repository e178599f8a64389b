/**
 * Clients: a provider with its application, secret, keys and scopes, read once and kept until configuration changes.
 * What is prepared here (keys, durations, addresses) would cost more than the rest of a request.
 */
import { X509Certificate, type KeyObject } from 'node:crypto';
import type { Application } from '../../access/access.ts';
import {
  publicJwk,
  type PublicJwk,
  readSigningKey,
  secretSigningKey,
  type SigningKey,
  thumbprint,
} from '../../core/crypto/keys.ts';
import { randomToken } from '../../core/crypto/tokens.ts';
import { applicationModel } from '../../core/models/access.ts';
import { certificateModel } from '../../core/models/certificate.ts';
import { flowModel } from '../../core/models/flow.ts';
import { findObject, objectsOfRows } from '../../core/objects.ts';
import { readSecret } from '../../core/secrets.ts';
import type { Queries } from '../../db/database.ts';
import { parseDuration } from '../../formats/duration.ts';
import type { ProtocolServices } from '../protocol.ts';
import { type OAuth2Settings, oauth2Model } from './oauth2.settings.ts';
import { prepareRedirectUris, type RegisteredUri } from './redirect-uri.ts';

/** One configured scope mapping. */
export type ScopeMapping = {
  scope: string;
  description: string;
  managed: string | null;
  name: string;
  language: 'python' | 'javascript';
  expression: string;
};

/** A key that signs, or once signed, the tokens of a client. */
export type ClientKey = { signing: SigningKey; certificateId: string | undefined; jwk: PublicJwk | undefined };

export type Client = {
  providerPk: number;
  name: string;
  clientId: string;
  settings: OAuth2Settings;
  application: Application;
  /** Undefined when the client has none: then nothing can be proven with it. */
  secret: string | undefined;
  key: ClientKey;
  /** Keys that signed tokens which are still alive, after the client was given another. */
  formerKeys: ClientKey[];
  encryption: { publicKey: KeyObject; kid: string } | undefined;
  mappings: ScopeMapping[];
  redirectUris: RegisteredUri[];
  grantTypes: ReadonlySet<string>;
  federatedProviders: ReadonlySet<number>;
  /** Milliseconds. */
  lifetimes: { code: number; accessToken: number; refreshToken: number; refreshThreshold: number };
  /** Slugs. */
  flows: { authentication: string | undefined; authorization: string | undefined; invalidation: string | undefined };
  /** Until when the use of the current key is on record; see `noteKeyUse`. */
  keyNotedUntil: number;
};

/** The client with this identifier, if it belongs to an application. */
export function findClient(services: ProtocolServices, clientId: string): Promise<Client | undefined> {
  return services.core.configuration.get(`oauth2 client ${clientId}`, (queries) =>
    loadClient(services, queries, clientId),
  );
}

/** The client whose application has this slug. */
export async function findClientBySlug(services: ProtocolServices, slug: string): Promise<Client | undefined> {
  const pk = await services.core.configuration.get(`oauth2 application ${slug}`, async (queries) => {
    const application = await findObject(queries, applicationModel, { slug });
    return application?.values.provider ?? undefined;
  });
  return pk === undefined ? undefined : findClientByPk(services, pk);
}

/** The slug of an application by identifier. */
export function findApplicationSlug(services: ProtocolServices, id: string): Promise<string | undefined> {
  return services.core.configuration.get(`oauth2 slug of ${id}`, async (queries) => {
    const application = await findObject(queries, applicationModel, { id });
    return application?.values.slug;
  });
}

/** The client of a provider by number, as tokens name it. */
export async function findClientByPk(services: ProtocolServices, pk: number): Promise<Client | undefined> {
  const clientId = await services.core.configuration.get(`oauth2 provider ${pk}`, async (queries) => {
    const provider = await findObject(queries, oauth2Model, { pk });
    return provider?.values.client_id;
  });
  return clientId === undefined ? undefined : findClient(services, clientId);
}

/** Scheme, host and port of every registered address of every client: who may ask before it says which client it is. */
export function registeredOrigins(services: ProtocolServices): Promise<ReadonlySet<string>> {
  return services.core.configuration.get('oauth2 origins', async (queries) => {
    const rows = await queries.selectFrom('providers').selectAll().where('kind', '=', 'oauth2').execute();
    const providers = await objectsOfRows(queries, oauth2Model, rows);
    return new Set(
      providers.flatMap((each) => prepareRedirectUris(each.values.redirect_uris).flatMap(({ origin }) => origin ?? [])),
    );
  });
}

async function loadClient(services: ProtocolServices, queries: Queries, clientId: string): Promise<Client | undefined> {
  const { sealer } = services.core;
  const provider = await findObject(queries, oauth2Model, { client_id: clientId });
  if (provider?.pk === undefined) return undefined;
  const application = await findObject(queries, applicationModel, { provider_pk: provider.pk });
  if (!application) return undefined;
  const settings = provider.values;
  const secret = await readSecret(sealer, queries, provider.id, 'client_secret');
  const uses = await queries
    .selectFrom('signing_key_uses')
    .select(['certificate_id', 'used_until'])
    .where('provider_pk', '=', provider.pk)
    .where('used_until', '>', services.core.now())
    .execute();
  const current = settings.signing_key;
  const former = uses.filter((each) => each.certificate_id !== current).map((each) => each.certificate_id);
  const formerKeys = await Promise.all(former.map((id) => loadKey(services, queries, id)));
  const key = current === null ? sharedKey(secret) : await loadKey(services, queries, current);
  if (!key) throw new Error(`the signing key of provider ${provider.pk} cannot be used`);
  const slugOf = async (id: string | null): Promise<string | undefined> =>
    id === null ? undefined : (await findObject(queries, flowModel, { id }))?.values.slug;
  return {
    providerPk: provider.pk,
    name: settings.name,
    clientId: settings.client_id,
    settings,
    application,
    secret,
    key,
    formerKeys: formerKeys.filter((each) => each !== undefined),
    encryption: await loadEncryption(queries, settings.encryption_key),
    mappings: await loadMappings(services, queries, settings.property_mappings),
    redirectUris: prepareRedirectUris(settings.redirect_uris),
    grantTypes: new Set(settings.grant_types),
    federatedProviders: new Set(settings.jwt_federation_providers),
    lifetimes: {
      code: parseDuration(settings.access_code_validity),
      accessToken: parseDuration(settings.access_token_validity),
      refreshToken: parseDuration(settings.refresh_token_validity),
      refreshThreshold: parseDuration(settings.refresh_token_threshold),
    },
    flows: {
      authentication: await slugOf(settings.authentication_flow),
      authorization: await slugOf(settings.authorization_flow),
      invalidation: await slugOf(settings.invalidation_flow),
    },
    keyNotedUntil: uses.find((each) => each.certificate_id === current)?.used_until ?? 0,
  };
}

/** Without a certificate the client's secret signs. A client without either has a key that nobody knows. */
function sharedKey(secret: string | undefined): ClientKey {
  return { signing: secretSigningKey(secret ?? randomToken()), certificateId: undefined, jwk: undefined };
}

async function loadKey(services: ProtocolServices, queries: Queries, id: string): Promise<ClientKey | undefined> {
  const certificate = await findObject(queries, certificateModel, { id });
  const privateKey = await readSecret(services.core.sealer, queries, id, 'key_data');
  if (!certificate || privateKey === undefined) return undefined;
  const signing = readSigningKey(privateKey);
  return { signing, certificateId: id, jwk: publicJwk(signing, certificate.values.certificate_data) };
}

async function loadEncryption(queries: Queries, id: string | null): Promise<Client['encryption']> {
  if (id === null) return undefined;
  const certificate = await findObject(queries, certificateModel, { id });
  if (!certificate) throw new Error('the encryption key is gone');
  const { publicKey } = new X509Certificate(certificate.values.certificate_data);
  return { publicKey, kid: thumbprint(publicKey) };
}

async function loadMappings(
  services: ProtocolServices,
  queries: Queries,
  ids: readonly string[],
): Promise<ScopeMapping[]> {
  const declaration = services.mappings.scope?.declaration;
  if (!declaration || ids.length === 0) return [];
  const rows = await queries.selectFrom('property_mappings').selectAll().where('id', 'in', ids).execute();
  const found = await objectsOfRows(
    queries,
    declaration,
    rows.filter((row) => row.kind === 'scope'),
  );
  return ids.flatMap((id) => {
    const values = found.find((each) => each.id === id)?.values;
    if (!values) return [];
    return {
      scope: String(values.scope_name),
      description: String(values.description),
      managed: typeof values.managed === 'string' ? values.managed : null,
      name: String(values.name),
      language: values.language === 'javascript' ? 'javascript' : 'python',
      expression: String(values.expression),
    };
  });
}

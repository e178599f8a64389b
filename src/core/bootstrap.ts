/** The very first start: a key to sign with, the default objects, and an administrator where the operator gave one. */
import type { Queries } from '../db/database.ts';
import { certificateValues } from './certificate-values.ts';
import type { Core } from './core.ts';
import { generateCertificate } from './crypto/certificates.ts';
import { certificateModel } from './models/certificate.ts';
import { normalisedKey } from './names.ts';
import { findObject, insertObject } from './objects.ts';
import { makeAdministrator, markSetupDone, rememberFirstStart } from './setup.ts';
import { readSystemSetting, takeSystemSetting } from './system-settings.ts';
import { createToken, SHORTEST_KEY } from './tokens.ts';

/** The certificate that providers sign with unless they are given another. */
export const SELF_SIGNED_CERTIFICATE = 'authentik Self-signed Certificate';
export const BOOTSTRAP_TOKEN_IDENTIFIER = 'authentik-bootstrap-token';

const BOOTSTRAPPED = 'bootstrapped_at';
/** Who trusts tokens trusts the key; a date that passes would only raise false alarms. */
const VALID_DAYS = 3650;

export type BootstrapOptions = {
  /**
   * Applies the default blueprints in one transaction that begins with `first`, and applies nothing when that says
   * false. Resolves when the transaction has ended.
   */
  applyDefaults(first: (transaction: Queries) => Promise<boolean>): Promise<unknown>;
  /** What the operator gave for the first start. A password or a token makes the administrator at once. */
  password?: string | undefined;
  email?: string | undefined;
  token?: string | undefined;
};

/**
 * Does the first start once for all time and all processes; true for the one that did it. Later starts change
 * nothing, so what an administrator changed or removed stays so. Throws RangeError for a token that can be guessed.
 */
export async function bootstrap(core: Core, options: BootstrapOptions): Promise<boolean> {
  if ((await readSystemSetting(core.database.read, BOOTSTRAPPED)) !== undefined) return false;
  const { password, email = '', token } = options;
  if (token !== undefined && token.length < SHORTEST_KEY) {
    throw new RangeError(`the bootstrap token must have at least ${SHORTEST_KEY} characters`);
  }
  // Slow things come first: the transaction awaits nothing but the database.
  const passwordHash = password === undefined ? null : await core.passwords.hash(password);
  const pair = await generateCertificate({
    commonName: SELF_SIGNED_CERTIFICATE,
    kind: 'rsa-2048',
    validDays: VALID_DAYS,
  });
  let isFirst = false;
  await options.applyDefaults(async (transaction) => {
    isFirst = await takeSystemSetting(transaction, BOOTSTRAPPED, core.now());
    if (!isFirst) return false;
    await rememberFirstStart(transaction, core.now());
    await storeCertificate(core, transaction, pair);
    if (passwordHash !== null || token !== undefined) {
      await markSetupDone(core, transaction);
      const user = await makeAdministrator(core, transaction, { email, passwordHash });
      if (token !== undefined) await storeToken(core, transaction, user.pk as number, token);
    }
    return true;
  });
  core.configuration.clear();
  return isFirst;
}

async function storeCertificate(
  core: Core,
  transaction: Queries,
  { certificatePem, privateKeyPem }: { certificatePem: string; privateKeyPem: string },
): Promise<void> {
  const name = SELF_SIGNED_CERTIFICATE;
  if (await findObject(transaction, certificateModel, { name_key: normalisedKey(name) })) return;
  await insertObject(core, transaction, certificateModel, {
    name,
    certificate_data: certificatePem,
    key_data: privateKeyPem,
    ...certificateValues(certificatePem, privateKeyPem),
  });
}

async function storeToken(core: Core, transaction: Queries, user: number, key: string): Promise<void> {
  const identifier = BOOTSTRAP_TOKEN_IDENTIFIER;
  await createToken(core, transaction, { identifier, user, intent: 'api', expiring: false }, key);
}

/** Whether the keys that a provider names can do what they are for. Found out when it is saved, not when it is used. */
import { X509Certificate } from 'node:crypto';
import { readSigningKey } from '../../core/crypto/keys.ts';
import type { Sealer } from '../../core/crypto/seal.ts';
import { invalid } from '../../core/fault.ts';
import { certificateModel } from '../../core/models/certificate.ts';
import { findObject } from '../../core/objects.ts';
import { readSecret } from '../../core/secrets.ts';
import type { Queries } from '../../db/database.ts';

/** RSA below this is not safe, and libraries refuse it (RFC 7518 section 4.3). In bits. */
const SHORTEST_RSA = 2048;

type Keys = { signing_key: string | null; encryption_key: string | null };

/** Throws `invalid` for a signing key that cannot sign, and for an encryption key that is no RSA key. */
export async function checkKeys(
  { signing_key, encryption_key }: Keys,
  { queries, sealer }: { queries: Queries; sealer: Sealer },
): Promise<void> {
  const faults: Record<string, string[]> = {};
  if (signing_key !== null) {
    const fault = signingFault(await readSecret(sealer, queries, signing_key, 'key_data'));
    if (fault !== undefined) faults.signing_key = [fault];
  }
  if (encryption_key !== null) {
    const certificate = await findObject(queries, certificateModel, { id: encryption_key });
    const isRsa = certificate !== undefined && isRsaKey(certificate.values.certificate_data);
    if (!isRsa) faults.encryption_key = [`Choose a certificate with an RSA key of at least ${SHORTEST_RSA} bits.`];
  }
  if (Object.keys(faults).length > 0) throw invalid(faults);
}

function signingFault(privateKey: string | undefined): string | undefined {
  if (privateKey === undefined) return 'This certificate has no private key, so nothing can be signed with it.';
  try {
    readSigningKey(privateKey);
    return undefined;
  } catch (fault) {
    if (!(fault instanceof RangeError)) throw fault;
    return `This key cannot sign: ${fault.message}.`;
  }
}

function isRsaKey(certificatePem: string): boolean {
  const { asymmetricKeyType, asymmetricKeyDetails } = new X509Certificate(certificatePem).publicKey;
  return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= SHORTEST_RSA;
}

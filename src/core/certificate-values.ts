/** What is stored of a certificate beside its text: the facts that lists and warnings show. */
import { certificateMatchesKey, readCertificate } from './crypto/certificates.ts';
import { invalid } from './fault.ts';

/**
 * The values of the certificate model that follow from its text. Throws `invalid` when the certificate cannot be
 * read or the key belongs to another one.
 */
export function certificateValues(certificatePem: string, privateKeyPem: string) {
  const facts = guarded('certificate_data', () => readCertificate(certificatePem));
  if (privateKeyPem !== '' && !guarded('key_data', () => certificateMatchesKey(certificatePem, privateKeyPem))) {
    throw invalid({ key_data: ['The key does not belong to the certificate.'] });
  }
  return {
    key_type: facts.keyType,
    cert_expiry: new Date(facts.notAfter).toISOString(),
    cert_subject: facts.subject.slice(0, 2000),
    fingerprint_sha1: facts.fingerprintSha1,
    fingerprint_sha256: facts.fingerprintSha256,
  };
}

function guarded<T>(field: string, read: () => T): T {
  try {
    return read();
  } catch (fault) {
    if (!(fault instanceof RangeError)) throw fault;
    throw invalid({ [field]: [`Cannot be used: ${fault.message}.`] });
  }
}

/** X.509 certificates (RFC 5280): reading what they say, and making self-signed ones. */
import { createPrivateKey, X509Certificate } from 'node:crypto';

/** The kinds of key that can be generated. */
export type GeneratedKeyKind = 'rsa-2048' | 'rsa-4096' | 'ecdsa-p256' | 'ed25519';

export type CertificateRequest = {
  readonly commonName: string;
  readonly kind: GeneratedKeyKind;
  readonly validDays: number;
  /** DNS names for the subject alternative name; it is left out when there are none. */
  readonly dnsNames?: readonly string[];
};

/** What a certificate says. Times are milliseconds since 1970, fingerprints lower-case hexadecimal with colons. */
export type CertificateFacts = {
  readonly subject: string;
  readonly issuer: string;
  readonly serialNumber: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly fingerprintSha1: string;
  readonly fingerprintSha256: string;
  /** `rsa`, `ec`, `ed25519`, `ed448`, or another of Node's names. */
  readonly keyType: string;
};

/** Reads a certificate in PEM. @throws RangeError when it is none. */
export function readCertificate(certificatePem: string): CertificateFacts {
  const certificate = parse(certificatePem);
  return {
    subject: nameText(certificate.subject),
    issuer: nameText(certificate.issuer),
    serialNumber: certificate.serialNumber,
    notBefore: certificate.validFromDate.getTime(),
    notAfter: certificate.validToDate.getTime(),
    fingerprintSha1: certificate.fingerprint.toLowerCase(),
    fingerprintSha256: certificate.fingerprint256.toLowerCase(),
    keyType: certificate.publicKey.asymmetricKeyType ?? 'unknown',
  };
}

/** Whether a private key belongs to a certificate. @throws RangeError when one of them cannot be read. */
export function certificateMatchesKey(certificatePem: string, privateKeyPem: string): boolean {
  try {
    return parse(certificatePem).checkPrivateKey(createPrivateKey(privateKeyPem));
  } catch (cause) {
    if (cause instanceof RangeError) throw cause;
    throw new RangeError('not an unencrypted private key in PEM', { cause });
  }
}

/** Makes a key and a certificate that it signs itself. RSA takes 50 to 300 ms, off the main thread. */
export async function generateCertificate(
  request: CertificateRequest,
): Promise<{ readonly certificatePem: string; readonly privateKeyPem: string }> {
  // The library holds its parts together by decorators, which need this first; both cost too much for every start.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const algorithm = algorithms[request.kind];
  const keys = await generateKeys(algorithm);
  const notBefore = new Date(Math.floor(Date.now() / 1000) * 1000);
  const names = request.dnsNames ?? [];
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      // Given as objects, the parts are taken as they are; as text they would be parsed.
      name: new x509.Name([
        { CN: [{ utf8String: request.commonName }] },
        { O: [{ utf8String: 'Ostiary' }] },
        { OU: [{ utf8String: 'Self-signed' }] },
      ]).toString(),
      notBefore,
      notAfter: new Date(notBefore.getTime() + request.validDays * 86_400_000),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        ...(names.length === 0
          ? []
          : [new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns' as const, value })))]),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    },
    crypto,
  );
  const privateKey = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  const privateKeyPem = createPrivateKey({ key: Buffer.from(privateKey), format: 'der', type: 'pkcs8' });
  return {
    certificatePem: `${certificate.toString('pem')}\n`,
    privateKeyPem: privateKeyPem.export({ format: 'pem', type: 'pkcs8' }),
  };
}

async function generateKeys(algorithm: Algorithm): Promise<CryptoKeyPair> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  if (!('privateKey' in keys)) throw new TypeError('expected a pair of keys');
  return keys;
}

function rsa(modulusLength: number): RsaHashedKeyGenParams {
  const publicExponent = new Uint8Array([1, 0, 1]);
  return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent, modulusLength };
}
const p256: EcKeyGenParams & EcdsaParams = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const algorithms: Readonly<Record<GeneratedKeyKind, Algorithm>> = {
  'rsa-2048': rsa(2048),
  'rsa-4096': rsa(4096),
  'ecdsa-p256': p256,
  ed25519: { name: 'Ed25519' },
};

function parse(certificatePem: string): X509Certificate {
  try {
    return new X509Certificate(certificatePem);
  } catch (cause) {
    throw new RangeError('not a certificate in PEM', { cause });
  }
}

/** RFC 4514 order, the most specific part first; Node gives one part a line, the other way round. */
function nameText(lines: string | undefined): string {
  return (lines ?? '').split('\n').toReversed().join(',');
}

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { certificateMatchesKey, generateCertificate, readCertificate } from './certificates.ts';
import { publicJwk, readSigningKey } from './keys.ts';

const request = { commonName: 'Self-signed, "ours"', validDays: 365, dnsNames: ['id.example.com'] };

for (const [kind, keyType, algorithm] of [
  ['rsa-2048', 'rsa', 'RS256'],
  ['ecdsa-p256', 'ec', 'ES256'],
  ['ed25519', 'ed25519', 'EdDSA'],
] as const) {
  test(`a generated ${kind} certificate says what was asked, and its key signs`, async () => {
    const made = await generateCertificate({ ...request, kind });
    const facts = readCertificate(made.certificatePem);
    const certificate = new X509Certificate(made.certificatePem);
    assert.equal(facts.keyType, keyType);
    assert.equal(facts.subject, 'OU=Self-signed,O=Ostiary,CN=Self-signed\\, \\"ours\\"');
    assert.equal(facts.issuer, facts.subject);
    assert.equal(facts.notAfter - facts.notBefore, 365 * 86_400_000);
    assert.match(facts.fingerprintSha1, /^([0-9a-f]{2}:){19}[0-9a-f]{2}$/);
    assert.match(facts.fingerprintSha256, /^([0-9a-f]{2}:){31}[0-9a-f]{2}$/);
    assert.ok(certificate.verify(certificate.publicKey), 'signed by itself');
    assert.equal(certificate.ca, false);
    assert.equal(certificate.checkHost('id.example.com'), 'id.example.com');
    assert.ok(certificateMatchesKey(made.certificatePem, made.privateKeyPem));
    const jwk = publicJwk(readSigningKey(made.privateKeyPem), made.certificatePem);
    assert.equal(jwk.alg, algorithm);
    assert.deepEqual(jwk.x5c, [certificate.raw.toString('base64')]);
    const sha256 = Buffer.from(jwk['x5t#S256'] ?? '', 'base64url').toString('hex');
    assert.equal(sha256, facts.fingerprintSha256.replaceAll(':', ''));
  });
}

test('a certificate and a key that do not belong together are told apart', async () => {
  const [one, two] = await Promise.all([
    generateCertificate({ ...request, kind: 'ed25519' }),
    generateCertificate({ ...request, kind: 'ed25519', dnsNames: [] }),
  ]);
  assert.equal(certificateMatchesKey(one.certificatePem, two.privateKeyPem), false);
  assert.throws(() => publicJwk(readSigningKey(two.privateKeyPem), one.certificatePem), RangeError);
  assert.throws(() => readCertificate('nothing'), RangeError);
  assert.throws(() => certificateMatchesKey(one.certificatePem, 'nothing'), RangeError);
  assert.equal(new X509Certificate(two.certificatePem).subjectAltName, undefined);
});

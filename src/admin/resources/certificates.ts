/** `crypto/certificatekeypairs`. */
import { z } from 'zod';
import { sql } from 'kysely';
import { certificateMatchesKey, generateCertificate, readCertificate } from '../../core/crypto/certificates.ts';
import { algorithmOf } from '../../core/crypto/keys.ts';
import { invalid } from '../../core/fault.ts';
import { certificateModel } from '../../core/models/certificate.ts';
import { insertObject, type StoredObject } from '../../core/objects.ts';
import { readSecret } from '../../core/secrets.ts';
import { X509Certificate } from 'node:crypto';
import { differenceOf, recordAbout } from '../audit.ts';
import { change } from '../changes.ts';
import { flagOf } from '../conditions.ts';
import { detailAnswer } from '../presentation.ts';
import type { Change, CollectionAction, ObjectAction, Resource, Values } from '../resource.ts';
import { readBody } from '../validation.ts';

const KINDS = { rsa: 'rsa-2048', ecdsa: 'ecdsa-p256', ed25519: 'ed25519' } as const;
const PATH = 'crypto/certificatekeypairs';

/** What a certificate says, as fields. Throws `invalid` when it cannot be read. */
function factsOf(certificatePem: string): Values {
  try {
    const facts = readCertificate(certificatePem);
    return {
      key_type: facts.keyType,
      cert_expiry: new Date(facts.notAfter).toISOString(),
      cert_subject: facts.subject.slice(0, 2000),
      fingerprint_sha1: facts.fingerprintSha1,
      fingerprint_sha256: facts.fingerprintSha256,
    };
  } catch {
    throw invalid({ certificate_data: ['Unable to load X509 certificate.'] });
  }
}

/** Reads the certificate and sees that the key belongs to it. */
async function prepareCertificate({ values, before, context }: Change): Promise<Values> {
  const certificate = (values.certificate_data ?? before?.values.certificate_data) as string;
  const facts = factsOf(certificate);
  const { core } = context;
  const stored = before && (await readSecret(core.sealer, core.database.read, before.id, 'key_data'));
  const key = (values.key_data as string | undefined) ?? stored ?? '';
  if (key !== '' && ('key_data' in values || 'certificate_data' in values)) {
    try {
      if (!certificateMatchesKey(certificate, key)) {
        throw invalid({ key_data: ['The key does not belong to the certificate.'] });
      }
      algorithmOf(new X509Certificate(certificate).publicKey);
    } catch (fault) {
      if (fault instanceof RangeError) throw invalid({ key_data: [`Unable to load private key: ${fault.message}.`] });
      throw fault;
    }
  }
  return { ...values, ...facts };
}

const generateBody = () =>
  z.object({
    common_name: z
      .string()
      .trim()
      .min(1)
      .max(200)
      .refine((value) => !value.includes('\0'), 'Null characters are not allowed.'),
    subject_alt_name: z.string().max(4000).optional(),
    validity_days: z.int().min(1).max(36_500),
    alg: z.enum(['rsa', 'ecdsa', 'ed25519']).optional(),
  });

const generate: CollectionAction = {
  method: 'POST',
  name: 'generate',
  summary: 'Make a key and a certificate that it signs itself.',
  needs: 'add',
  async handle(context) {
    const { core } = context;
    const body = readBody(generateBody(), context.request.body);
    const dnsNames = (body.subject_alt_name ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean);
    const wrong = dnsNames.find((name) => !/^(\*\.)?[a-z0-9_]([a-z0-9_.-]{0,251})$/i.test(name));
    if (wrong !== undefined) throw invalid({ subject_alt_name: [`"${wrong}" is not a name of a host.`] });
    const made = await generateCertificate({
      commonName: body.common_name,
      kind: KINDS[body.alg ?? 'rsa'],
      validDays: body.validity_days,
      dnsNames,
    });
    const values = {
      name: body.common_name,
      certificate_data: made.certificatePem,
      key_data: made.privateKeyPem,
      ...factsOf(made.certificatePem),
    };
    const stored = await change(context, async (transaction) => {
      const object = await insertObject(core, transaction, certificateModel, values);
      const subject = { declaration: certificateModel, object };
      const diff = differenceOf(certificateModel, undefined, object, values);
      await recordAbout(transaction, context, 'model_created', subject, { diff });
      return object;
    });
    return detailAnswer(certificatesResource, stored, context);
  },
};

/** Reads one of the two parts; reading the key leaves an event. */
const view = (what: 'certificate' | 'private_key'): ObjectAction => ({
  method: 'GET',
  name: `view_${what}`,
  summary: what === 'certificate' ? 'Read the certificate.' : 'Read the private key.',
  needs: `authentik_crypto.view_certificatekeypair_${what === 'certificate' ? 'certificate' : 'key'}`,
  async handle(context, object) {
    const { core, query, reply } = context;
    const data = await core.database.write(async (transaction) => {
      const more = { type: what };
      const subject = { declaration: certificateModel, object };
      await recordAbout(transaction, context, 'secret_view', subject, more);
      return what === 'certificate'
        ? String(object.values.certificate_data)
        : ((await readSecret(core.sealer, transaction, object.id, 'key_data')) ?? '');
    });
    if (!query.has('download')) return { data };
    reply.type('application/x-pem-file');
    reply.header('content-disposition', `attachment; filename="${object.id}_${what}.pem"`);
    return data;
  },
});

/** The certificates whose private key is here. */
async function presentCertificates(
  objects: readonly StoredObject[],
  { core }: Parameters<NonNullable<Resource['present']>>[1],
) {
  const ids = objects.map((object) => object.id);
  const rows =
    ids.length === 0
      ? []
      : await core.database.read
          .selectFrom('secrets')
          .select('owner_id')
          .where('field', '=', 'key_data')
          .where('owner_id', 'in', ids)
          .execute();
  const withKey = new Set(rows.map((row) => row.owner_id));
  return ids.map((id) => ({
    private_key_available: withKey.has(id),
    certificate_download_url: `/api/v3/${PATH}/${id}/view_certificate/?download`,
    private_key_download_url: `/api/v3/${PATH}/${id}/view_private_key/?download`,
  }));
}

export const certificatesResource: Resource = {
  path: PATH,
  lookup: 'id',
  declaration: certificateModel,
  search: ['name_key'],
  order: 'name_key',
  filters: {
    has_key: ([value = '']) => {
      const wanted = flagOf('has_key', value);
      return (builder) => {
        const held = builder
          .selectFrom('secrets')
          .select('owner_id')
          .where('field', '=', 'key_data')
          .where('owner_id', '=', sql<string>`${sql.ref('certificates.id')}`);
        return wanted ? builder.exists(held) : builder.not(builder.exists(held));
      };
    },
    include_details: () => undefined,
  },
  present: presentCertificates,
  prepare: prepareCertificate,
  onCollection: [generate],
  onObject: [view('certificate'), view('private_key')],
};

import type { Queries } from '../../db/database.ts';
import { declare, moment, nullableText, text } from '../declaration.ts';
import { invalid } from '../fault.ts';

/** A certificate and, sealed, its private key. */
export const certificateModel = declare({
  model: 'authentik_crypto.certificatekeypair',
  table: 'certificates',
  verboseName: 'Certificate-Key Pair',
  verboseNamePlural: 'Certificate-Key Pairs',
  fields: {
    name: text({ min: 1, column: 'name', keyColumn: 'name_key' }),
    certificate_data: text({ min: 1, max: 65536, disclosure: 'hidden', help: 'PEM-encoded certificate.' }),
    key_data: text({
      default: '',
      max: 65536,
      secret: true,
      disclosure: 'hidden',
      help: 'PEM-encoded private key, if the certificate is to sign.',
    }),
    managed: nullableText({ column: 'managed' }),
    key_type: nullableText({ column: 'key_type', readOnly: true }),
    cert_expiry: moment({ column: 'expires_at', readOnly: true }),
    cert_subject: nullableText({ readOnly: true, max: 2000 }),
    fingerprint_sha1: nullableText({ readOnly: true }),
    fingerprint_sha256: nullableText({ readOnly: true }),
  },
  check: checkUse,
});

/** A certificate that something signs with keeps its private key: without it every token would fail. */
async function checkUse({ id }: { id: string }, { queries }: { queries: Queries }): Promise<void> {
  const signer = await queries
    .selectFrom('object_references')
    .select('source_id')
    .where('target_id', '=', id)
    .where('field', '=', 'signing_key')
    .limit(1)
    .executeTakeFirst();
  if (!signer) return;
  const key = await queries
    .selectFrom('secrets')
    .select('field')
    .where('owner_id', '=', id)
    .where('field', '=', 'key_data')
    .executeTakeFirst();
  if (!key) throw invalid({ key_data: ['Something signs with this certificate, so it needs its private key.'] });
}

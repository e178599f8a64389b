/** Device codes in the database (RFC 8628). */
import type { Queries } from '../../db/database.ts';
import type { Grant } from './grant.ts';

export type DeviceCode = {
  pk: number;
  providerPk: number;
  /** Who allowed it. */
  userPk: number | null;
  grant: Grant;
  status: 'pending' | 'allowed' | 'denied';
  intervalSeconds: number;
  expiresAt: number;
  redeemedAt: number | null;
};

const columns = [
  'pk',
  'provider_pk',
  'user_pk',
  'grant',
  'status',
  'interval_seconds',
  'expires_at',
  'redeemed_at',
] as const;

/** Everything that came of a device code; it has no other family. */
export const deviceFamily = (pk: number): string => `device ${pk}`;

/** Stores a code that a device will show. Throws when its user code is in use. */
export async function insertDeviceCode(
  transaction: Queries,
  at: number,
  code: { deviceHash: string; userHash: string; providerPk: number; grant: Grant; interval: number; expiresAt: number },
): Promise<void> {
  await transaction
    .insertInto('device_codes')
    .values({
      device_code_hash: code.deviceHash,
      user_code_hash: code.userHash,
      provider_pk: code.providerPk,
      user_pk: null,
      session_id: null,
      grant: JSON.stringify(code.grant),
      status: 'pending',
      last_polled_at: 0,
      interval_seconds: code.interval,
      created_at: at,
      expires_at: code.expiresAt,
      redeemed_at: null,
    })
    .execute();
}

/** The code with this hash: of the device, or of what the person types. */
export async function findDeviceCode(
  queries: Queries,
  by: 'device_code_hash' | 'user_code_hash',
  hash: string,
): Promise<DeviceCode | undefined> {
  const row = await queries.selectFrom('device_codes').select(columns).where(by, '=', hash).executeTakeFirst();
  if (!row) return undefined;
  return {
    pk: row.pk,
    providerPk: row.provider_pk,
    userPk: row.user_pk,
    grant: JSON.parse(row.grant) as Grant,
    status: row.status as DeviceCode['status'],
    intervalSeconds: row.interval_seconds,
    expiresAt: row.expires_at,
    redeemedAt: row.redeemed_at,
  };
}

/** Notes that the device asked again; false when that was too soon, and then it must wait longer (section 3.5). */
export async function notePoll(transaction: Queries, at: number, code: DeviceCode): Promise<boolean> {
  const inTime = await transaction
    .updateTable('device_codes')
    .set({ last_polled_at: at })
    .where('pk', '=', code.pk)
    .where('last_polled_at', '<=', at - code.intervalSeconds * 1000)
    .returning('pk')
    .executeTakeFirst();
  if (inTime) return true;
  await transaction
    .updateTable('device_codes')
    .set({ last_polled_at: at, interval_seconds: Math.min(code.intervalSeconds + 5, 60) })
    .where('pk', '=', code.pk)
    .execute();
  return false;
}

/** Lets the device in as this person; false when somebody has decided already, or it is too late. */
export async function allowDevice(
  transaction: Queries,
  at: number,
  pk: number,
  person: { userPk: number; sessionId: string; grant: Grant },
): Promise<boolean> {
  const allowed = await transaction
    .updateTable('device_codes')
    .set({
      status: 'allowed',
      user_pk: person.userPk,
      session_id: person.sessionId,
      grant: JSON.stringify(person.grant),
    })
    .where('pk', '=', pk)
    .where('status', '=', 'pending')
    .where('expires_at', '>', at)
    .returning('pk')
    .executeTakeFirst();
  return allowed !== undefined;
}

/** Takes the code; false when somebody else has. It is kept until its tokens have ended. */
export async function takeDeviceCode(
  transaction: Queries,
  at: number,
  pk: number,
  keepUntil: number,
): Promise<boolean> {
  const taken = await transaction
    .updateTable('device_codes')
    .set({ redeemed_at: at, expires_at: keepUntil })
    .where('pk', '=', pk)
    .where('status', '=', 'allowed')
    .where('redeemed_at', 'is', null)
    .where('expires_at', '>', at)
    .returning('pk')
    .executeTakeFirst();
  return taken !== undefined;
}

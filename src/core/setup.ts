/**
 * The first administrator: whether an installation has one yet, who may make it, and making it exactly once.
 *
 * Owns the marks in the system settings and the rules of the set-up page. Does not own the page, nor hashing.
 */
import { BlockList, isIP } from 'node:net';
import type { Queries } from '../db/database.ts';
import type { Core } from './core.ts';
import { equalInConstantTime, hashToken, randomToken } from './crypto/tokens.ts';
import { recordEvent } from './events.ts';
import { Fault, invalid } from './fault.ts';
import { groupModel, userModel } from './models/people.ts';
import { normalisedKey } from './names.ts';
import { findObject, insertObject, type StoredObject, updateObject } from './objects.ts';
import { readSystemSetting, takeSystemSetting, writeSystemSetting } from './system-settings.ts';
import { createUser, passwordHashOf, setPasswordHash } from './users.ts';

/** `done` once there is an administrator; then it never opens again. */
export type SetupState = 'open' | 'done';

/** The group whose members may do everything, and its first member. */
export const ADMINISTRATORS = 'authentik Admins';
export const FIRST_ADMINISTRATOR = 'akadmin';
/** How long after the first start neighbours may set up without the link. */
export const SETUP_WINDOW_MILLISECONDS = 30 * 60 * 1000;

const DONE = 'setup_done';
const FIRST_START = 'first_start_at';
const LINK = 'setup_link_hash';
const BASE_URL = 'base_url';

/** Whether the installation has its administrator. */
export async function setupState(core: Core): Promise<SetupState> {
  return (await readSystemSetting(core.database.read, DONE)) === undefined ? 'open' : 'done';
}

/** Remembers when the very first start was; later calls change nothing. */
export async function rememberFirstStart(transaction: Queries, at: number): Promise<void> {
  await takeSystemSetting(transaction, FIRST_START, at);
}

/**
 * A fresh one-time token for the set-up link, which replaces the one before; undefined when set-up is done. Only
 * its hash is stored, so it can be shown this once.
 */
export async function newSetupToken(core: Core): Promise<string | undefined> {
  const token = randomToken();
  return core.database.write(async (transaction) => {
    if ((await readSystemSetting(transaction, DONE)) !== undefined) return undefined;
    await writeSystemSetting(transaction, LINK, hashToken(token));
    return token;
  });
}

/** Who asks for the set-up page. */
export type SetupVisitor = {
  clientAddress: string;
  /** From the link, if there was one. */
  token?: string | undefined;
  /** The request carries forwarding headers of a proxy that is not trusted, so its address says nothing. */
  behindUnknownProxy?: boolean;
};

/**
 * Whether this visitor may set up now: anybody with the link of the last start, and for thirty minutes after the
 * first start also those on this machine or in its private network. Never once it is done.
 */
export async function maySetUp(core: Core, visitor: SetupVisitor): Promise<boolean> {
  const { read } = core.database;
  if ((await setupState(core)) === 'done') return false;
  const link = await readSystemSetting(read, LINK);
  if (visitor.token !== undefined && typeof link === 'string' && equalInConstantTime(link, hashToken(visitor.token))) {
    return true;
  }
  const firstStart = await readSystemSetting(read, FIRST_START);
  const isEarly = typeof firstStart === 'number' && core.now() - firstStart < SETUP_WINDOW_MILLISECONDS;
  return isEarly && visitor.behindUnknownProxy !== true && isNear(visitor.clientAddress);
}

/** Loopback, private (RFC 1918, RFC 4193) and link-local addresses. What cannot be read is far away. */
export function isNear(address: string): boolean {
  const version = isIP(address);
  if (version === 0) return false;
  const near = new BlockList();
  near.addSubnet('127.0.0.0', 8);
  near.addSubnet('10.0.0.0', 8);
  near.addSubnet('172.16.0.0', 12);
  near.addSubnet('192.168.0.0', 16);
  near.addSubnet('169.254.0.0', 16);
  near.addAddress('::1', 'ipv6');
  near.addSubnet('fc00::', 7, 'ipv6');
  near.addSubnet('fe80::', 10, 'ipv6');
  return near.check(address, version === 4 ? 'ipv4' : 'ipv6');
}

/** What the set-up page asks. The password has been hashed by `core.passwords`, the base URL checked. */
export type SetupAnswer = {
  email: string;
  passwordHash: string;
  /** `scheme://host`, where the operator has not set one. */
  baseUrl?: string | undefined;
  username?: string | undefined;
};

/**
 * Makes the administrator. Of several visitors exactly one succeeds; for the others it throws `setup_done` (403)
 * and nothing has changed. Whether the visitor may do this at all is asked before, with `maySetUp`.
 */
export async function completeSetup(core: Core, answer: SetupAnswer): Promise<{ userPk: number }> {
  const user = await core.database.write(async (transaction) => {
    if (!(await markSetupDone(core, transaction))) throw alreadyDone();
    if (answer.baseUrl !== undefined) await writeBaseUrl(transaction, answer.baseUrl);
    return makeAdministrator(core, transaction, answer);
  });
  core.configuration.clear();
  return { userPk: user.pk as number };
}

const alreadyDone = (): Fault => new Fault('setup_done', 'This installation is set up already.', { status: 403 });

/** Closes the set-up page for good. False when it was closed before: then somebody else was first. */
export async function markSetupDone(core: Core, transaction: Queries): Promise<boolean> {
  const isFirst = await takeSystemSetting(transaction, DONE, core.now());
  if (isFirst) await transaction.deleteFrom('system_settings').where('name', '=', LINK).execute();
  return isFirst;
}

/** The base URL that the set-up page or the system settings were told, or undefined. */
export async function storedBaseUrl({ database }: Pick<Core, 'database'>): Promise<string | undefined> {
  const url = await readSystemSetting(database.read, BASE_URL);
  return typeof url === 'string' && url !== '' ? url : undefined;
}

/** Stores the base URL, `scheme://host`; the empty text takes it away. The caller announces the change. */
export const writeBaseUrl = (transaction: Queries, url: string): Promise<void> =>
  writeSystemSetting(transaction, BASE_URL, url);

/**
 * Makes the account of the administrator and the group that gives it its rights, or takes an account of that name
 * that nobody can sign in to. Throws `invalid` when the name belongs to somebody.
 */
export async function makeAdministrator(
  core: Core,
  transaction: Queries,
  wanted: { email: string; passwordHash: string | null; username?: string | undefined },
): Promise<StoredObject<typeof userModel.fields>> {
  const { email, passwordHash, username = FIRST_ADMINISTRATOR } = wanted;
  const group = await administrators(core, transaction);
  const existing = await findObject(transaction, userModel, { username_key: normalisedKey(username) });
  if (existing && (await passwordHashOf(transaction, existing.pk as number)) !== null) {
    throw invalid({ username: ['User with this username already exists.'] });
  }
  const groups = [...new Set([...(existing?.values.groups ?? []), group.id])];
  const user = existing
    ? await updateObject(core, transaction, userModel, existing.id, { email, groups, is_active: true })
    : await createUser(core, transaction, { username, name: 'Administrator', email, groups });
  if (passwordHash !== null) await setPasswordHash(transaction, core.now(), user.pk as number, passwordHash);
  await recordEvent(transaction, core.now(), {
    action: existing ? 'model_updated' : 'model_created',
    app: 'authentik.core',
    user: { pk: user.pk as number, username, email },
    context: { model: { app: 'authentik_core', model_name: 'user', pk: user.pk as number, name: username } },
  });
  return user;
}

async function administrators(core: Core, transaction: Queries): Promise<StoredObject<typeof groupModel.fields>> {
  const group = await findObject(transaction, groupModel, { name_key: normalisedKey(ADMINISTRATORS) });
  if (!group) return insertObject(core, transaction, groupModel, { name: ADMINISTRATORS, is_superuser: true });
  if (group.values.is_superuser) return group;
  return updateObject(core, transaction, groupModel, group.id, { is_superuser: true });
}

/**
 * Password hashes in the forms of other systems: Django's PBKDF2, bcrypt and scrypt, PHC scrypt, plain bcrypt, and
 * the salted digests of LDAP directories (RFC 2307 style). Only verified, never made.
 */
import { createHash, pbkdf2, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derivePbkdf2 = promisify(pbkdf2);
const deriveScrypt = promisify<string, Buffer | string, number, object, Buffer>(scrypt);

/** Whether the password belongs to the hash; no where the form is unknown or its cost is beyond reason. */
export async function verifyForeignHash(stored: string, password: string): Promise<boolean> {
  if (stored.length > 1024) return false;
  const [scheme = ''] = stored.split('$', 1);
  switch (scheme) {
    case 'pbkdf2_sha256':
    case 'pbkdf2_sha512':
    case 'pbkdf2_sha1':
      return verifyPbkdf2(stored, password, scheme.slice('pbkdf2_'.length));
    case 'scrypt':
      return verifyDjangoScrypt(stored, password);
    case 'bcrypt':
      return verifyBcrypt(stored.slice('bcrypt$'.length), password);
    case 'bcrypt_sha256':
      return verifyBcrypt(stored.slice('bcrypt_sha256$'.length), createHash('sha256').update(password).digest('hex'));
    case '':
      return stored.startsWith('$scrypt$') ? verifyPhcScrypt(stored, password) : verifyBcrypt(stored, password);
    default:
      return verifySaltedDigest(stored, password);
  }
}

async function verifyPbkdf2(stored: string, password: string, digest: string): Promise<boolean> {
  const [, iterations = '', salt = '', encoded = '', ...rest] = stored.split('$');
  const expected = decode(encoded);
  if (!/^\d{1,7}$/.test(iterations) || expected === undefined || rest.length > 0) return false;
  const count = Number(iterations);
  if (count < 1 || count > 5_000_000) return false;
  return same(await derivePbkdf2(password, salt, count, expected.length, digest), expected);
}

async function verifyBcrypt(stored: string, password: string): Promise<boolean> {
  const match = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(stored);
  // Each step of cost doubles the time; 15 is some seconds.
  if (match === null || Number(match[1]) > 15) return false;
  const { compare } = await import('bcryptjs');
  return compare(password, stored);
}

/** Django: `scrypt$<N>$<salt>$<r>$<p>$<base64>`. */
async function verifyDjangoScrypt(stored: string, password: string): Promise<boolean> {
  const match = /^scrypt\$(\d{1,8})\$([^$]+)\$(\d{1,2})\$(\d{1,2})\$([\w+/=]+)$/.exec(stored);
  if (match === null) return false;
  const [, cost, salt = '', blockSize, lanes, encoded = ''] = match;
  return compareScrypt(password, salt, Number(cost), Number(blockSize), Number(lanes), encoded);
}

/** PHC: `$scrypt$ln=<log2 N>,r=<r>,p=<p>$<salt>$<hash>`. */
async function verifyPhcScrypt(stored: string, password: string): Promise<boolean> {
  const match = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w+/]+)\$([\w+/]+)$/.exec(stored);
  if (match === null) return false;
  const [, power, blockSize, lanes, salt = '', encoded = ''] = match;
  const saltBytes = Buffer.from(salt, 'base64');
  return compareScrypt(password, saltBytes, 2 ** Number(power), Number(blockSize), Number(lanes), encoded);
}

async function compareScrypt(
  password: string,
  salt: Buffer | string,
  cost: number,
  blockSize: number,
  parallelization: number,
  encoded: string,
): Promise<boolean> {
  const expected = decode(encoded);
  const memory = 128 * cost * blockSize;
  const powerOfTwo = cost > 1 && Number.isInteger(Math.log2(cost));
  if (expected === undefined || !powerOfTwo || blockSize < 1 || parallelization < 1) return false;
  if (memory > 128 * 1024 * 1024 || parallelization > 16) return false;
  const options = { cost, blockSize, parallelization, maxmem: 2 * memory + 1024 * 1024 };
  return same(await deriveScrypt(password, salt, expected.length, options), expected);
}

/** `{SSHA}` and its longer sisters: base64 of the digest followed by the salt. */
function verifySaltedDigest(stored: string, password: string): boolean {
  const match = /^\{SSHA(256|512)?\}([\w+/=]+)$/i.exec(stored);
  if (match === null) return false;
  const algorithm = `sha${match[1] ?? '1'}`;
  const length = match[1] === undefined ? 20 : Number(match[1]) / 8;
  const body = Buffer.from(match[2] ?? '', 'base64');
  if (body.length <= length) return false;
  const digest = createHash(algorithm).update(password).update(body.subarray(length)).digest();
  return same(digest, body.subarray(0, length));
}

/** The bytes of a stored digest; undefined where it is too short to mean anything or absurdly long. */
function decode(encoded: string): Buffer | undefined {
  const bytes = Buffer.from(encoded, 'base64');
  return bytes.length >= 16 && bytes.length <= 256 ? bytes : undefined;
}

function same(left: Buffer, right: Buffer): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

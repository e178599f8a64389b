import assert from 'node:assert/strict';
import { createHash, pbkdf2Sync, scryptSync } from 'node:crypto';
import { test } from 'node:test';
import { hash as bcryptHash } from 'bcryptjs';
import { longestPassword, makePasswords } from './passwords.ts';
import { makeQueue, Overloaded } from './queue.ts';

const passwords = makePasswords();
const password = 'correct horse – battery';

test('a new password is hashed with argon2id and verified', async () => {
  const stored = await passwords.hash(password);
  assert.match(stored, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert.deepEqual(await passwords.verify(password, stored), { valid: true, needsRehash: false });
  assert.deepEqual(await passwords.verify(`${password} `, stored), { valid: false, needsRehash: false });
});

test('nobody, an unusable password and an unknown form are a no', async () => {
  const wrong = { valid: false, needsRehash: false };
  for (const stored of [
    undefined,
    '',
    '!',
    '!abc',
    'plain',
    password,
    '$argon2id$',
    '$argon2id$v=19$m=9999999,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo',
    'pbkdf2_sha256$999999999$s$AAAAAAAAAAAAAAAAAAAAAA==',
    '$2b$31$KbQiHKTa1WIsQFTQWQKCiujoTJJB7MCMSaSgG/imVkKRicMPwgN5i',
    'scrypt$16777216$s$64$1$AAAAAAAAAAAAAAAAAAAAAA==',
    '{SSHA}AAAA',
    '{CLEAR}x',
  ]) {
    assert.deepEqual(await passwords.verify(password, stored), wrong, String(stored));
  }
});

test('a password over the limit is refused before anything is computed', async () => {
  const long = 'ä'.repeat(longestPassword / 2 + 1);
  await assert.rejects(passwords.hash(long), RangeError);
  assert.equal((await passwords.verify(long, undefined)).valid, false);
  const longest = 'x'.repeat(longestPassword);
  assert.equal((await passwords.verify(longest, await passwords.hash(longest))).valid, true);
});

test('people who come from elsewhere keep their password, and get a new hash', async () => {
  const base64 = (bytes: Buffer): string => bytes.toString('base64');
  const salted = (algorithm: string): string =>
    base64(Buffer.concat([createHash(algorithm).update(password).update('salt').digest(), Buffer.from('salt')]));
  const own = await passwords.hash(password);
  const forms: Record<string, string> = {
    'Django PBKDF2': `pbkdf2_sha256$1000$salt$${base64(pbkdf2Sync(password, 'salt', 1000, 32, 'sha256'))}`,
    'Django scrypt': `scrypt$1024$salt$8$5$${base64(scryptSync(password, 'salt', 64, { cost: 1024, blockSize: 8, parallelization: 5 }))}`,
    'PHC scrypt': `$scrypt$ln=10,r=8,p=1$c2FsdA$${base64(scryptSync(password, 'salt', 32, { cost: 1024, blockSize: 8, parallelization: 1 })).replaceAll('=', '')}`,
    'Django argon2': `argon2${own}`,
    bcrypt: await bcryptHash(password, 4),
    'bcrypt of PHP': (await bcryptHash(password, 4)).replace('$2b$', '$2y$'),
    'old bcrypt': (await bcryptHash(password, 4)).replace('$2b$', '$2a$'),
    'Django bcrypt': `bcrypt_sha256$${await bcryptHash(createHash('sha256').update(password).digest('hex'), 4)}`,
    SSHA: `{SSHA}${salted('sha1')}`,
    SSHA512: `{SSHA512}${salted('sha512')}`,
  };
  for (const [name, stored] of Object.entries(forms)) {
    assert.deepEqual(await passwords.verify(password, stored), { valid: true, needsRehash: true }, name);
    assert.equal((await passwords.verify('wrong', stored)).valid, false, name);
  }
});

test('a known vector of another implementation is accepted', async () => {
  // From the tests of crypt_blowfish.
  const stored = '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';
  assert.equal((await passwords.verify('U*U', stored)).valid, true);
  assert.equal((await passwords.verify('U*V', stored)).valid, false);
});

test('a burst waits in a bounded line, and never takes more than its places', async () => {
  const queue = makeQueue({ running: 2, waiting: 3 });
  const finish: (() => void)[] = [];
  let running = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    running += 1;
    most = Math.max(most, running);
    await new Promise<void>((resolve) => finish.push(resolve));
    running -= 1;
  };
  const all = Array.from({ length: 5 }, () => queue.run(work));
  await assert.rejects(queue.run(work), Overloaded);
  for (let done = 0; done < 5; done += 1) {
    while (finish.length === 0) await new Promise(setImmediate);
    finish.shift()?.();
  }
  await Promise.all(all);
  assert.equal(most, 2);
  await assert.rejects(
    queue.run(() => Promise.reject(new Error('broken'))),
    /broken/,
  );
  assert.equal(await queue.run(() => Promise.resolve('next')), 'next');
});

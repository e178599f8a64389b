import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startOstiary, type TestOstiary } from '../../tests/environment/ostiary.ts';
import { passwordHashOf } from '../core/users.ts';

let ostiary: TestOstiary;
before(async () => {
  ostiary = await startOstiary();
});
after(() => ostiary.stop());

test('a new password has at least eight characters, and people are told so', async () => {
  const { pk } = await ostiary.person('ann');
  const { core } = ostiary;
  const known = await passwordHashOf(core.database.read, pk);
  const browser = await ostiary.signedIn('ann');
  await browser.open('/if/flow/default-password-change/');
  for (const short of ['1234567', 'ü'.repeat(7), '😀'.repeat(7)]) {
    const answer = await browser.submit({ password: short, password_repeat: short });
    assert.equal(answer.status, 200);
    assert.match(browser.words(), /Use at least 8 characters/);
    assert.ok(!answer.body.includes(short));
  }
  assert.equal(await passwordHashOf(core.database.read, pk), known);
  await browser.submit({ password: '12345678', password_repeat: '12345678' });
  const stored = await passwordHashOf(core.database.read, pk);
  assert.equal((await core.passwords.verify('12345678', stored ?? '')).valid, true);
});

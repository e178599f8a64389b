import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { databases } from '../../../tests/environment/databases.ts';
import { type OAuth2Client, startOstiary, type TestOstiary } from '../../../tests/environment/ostiary.ts';
import {
  claimsOfToken,
  isAlive,
  post,
  type Reply,
  tokens,
  userinfo,
} from '../../../tests/environment/relying-party.ts';
import { DEVICE_CODE_GRANT } from './oauth2.settings.ts';

for (const engine of databases()) {
  describe(`letting a device in, on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    let client: OAuth2Client;
    let now = Date.now();
    before(async () => {
      ostiary = await startOstiary({ engine, now: () => now });
      client = await ostiary.oauth2('television', { access_code_validity: 'minutes=5' });
      await ostiary.person('ann');
    });
    after(() => ostiary.stop());

    const begin = async (): Promise<Reply['json']> => {
      const reply = await post(ostiary, 'device', {
        client_id: client.clientId,
        scope: 'openid profile offline_access',
      });
      assert.equal(reply.status, 200, JSON.stringify(reply.json));
      return reply.json;
    };
    const poll = (code: unknown): Promise<Reply> => {
      now += 6000;
      return tokens(ostiary, client, { grant_type: DEVICE_CODE_GRANT, device_code: String(code) });
    };

    test('a person types the code, says yes, and the device gets its tokens once', async () => {
      const started = await begin();
      assert.match(String(started.user_code), /^\d{9}$/);
      assert.equal(started.verification_uri, `${ostiary.url}/device`);
      assert.equal(started.interval, 5);
      assert.equal(started.expires_in, 300);
      assert.equal((await poll(started.device_code)).json.error, 'authorization_pending');
      const ann = ostiary.visitor();
      await ann.open(String(started.verification_uri_complete));
      await ann.submit({ uid_field: 'ann' });
      await ann.submit({ password: 'password of ann' });
      assert.equal(ann.form().fields.code, started.user_code);
      await ann.submit({});
      assert.match(ann.words(), /television/);
      assert.equal((await poll(started.device_code)).json.error, 'authorization_pending');
      await ann.submit({});
      assert.match(ann.words(), /connected/);
      const reply = await poll(started.device_code);
      assert.equal(reply.status, 200, JSON.stringify(reply.json));
      assert.equal(claimsOfToken(reply.json.id_token).preferred_username, 'ann');
      assert.equal((await userinfo(ostiary, reply.json.access_token)).status, 200);
      assert.equal((await poll(started.device_code)).json.error, 'invalid_grant');
      assert.equal(await isAlive(ostiary, client, reply.json.access_token), false);
      assert.equal(await isAlive(ostiary, client, reply.json.refresh_token), false);
    });

    test('a device that asks too often is told to slow down, and a late one that it is over', async () => {
      const started = await begin();
      assert.equal((await poll(started.device_code)).json.error, 'authorization_pending');
      now -= 5000;
      assert.equal((await poll(started.device_code)).json.error, 'slow_down');
      now += 300_000;
      assert.equal((await poll(started.device_code)).json.error, 'expired_token');
    });

    test('a link alone lets nothing in, nor does a form of another site', async () => {
      const started = await begin();
      const ann = await ostiary.signedIn('ann');
      await ann.open(String(started.verification_uri_complete));
      const { action, fields } = ann.form();
      const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://evil.example' };
      const body = new URLSearchParams(fields).toString();
      assert.equal((await ann.request(action, { method: 'POST', body, headers })).status, 403);
      assert.equal((await poll(started.device_code)).json.error, 'authorization_pending');
    });

    test('the yes of one person is not that of another', async () => {
      const started = await begin();
      const ann = await ostiary.signedIn('ann');
      await ann.open(String(started.verification_uri_complete));
      await ann.submit({});
      const page = ann.last?.url ?? '';
      await ostiary.person('bob');
      const bob = await ostiary.signedIn('bob');
      const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: ostiary.url };
      await bob.request(page, { method: 'POST', body: '', headers });
      assert.equal((await poll(started.device_code)).json.error, 'authorization_pending');
    });

    test('guesses of the code are counted, also those made at once', async () => {
      await ostiary.person('eve');
      const eve = await ostiary.signedIn('eve');
      await eve.open('/device');
      const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: ostiary.url };
      const guess = (code: number) => eve.request('/device', { method: 'POST', body: `code=${code}`, headers });
      const answers = await Promise.all(Array.from({ length: 30 }, (_, index) => guess(100_000_000 + index)));
      assert.equal(answers.filter((each) => each.status === 200).length, 10);
      assert.equal(answers.filter((each) => each.status === 429).length, 20);
    });

    test('codes are not given without end, nor to clients that may not have them', async () => {
      const other = await ostiary.oauth2('other', { grant_types: ['authorization_code'] });
      assert.equal((await post(ostiary, 'device', { client_id: other.clientId })).json.error, 'unauthorized_client');
      const form = { client_id: client.clientId };
      let status = 200;
      for (let count = 0; count < 25 && status === 200; count += 1)
        status = (await post(ostiary, 'device', form)).status;
      assert.equal(status, 429);
    });
  });
}

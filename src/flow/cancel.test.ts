import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { databases } from '../../tests/environment/databases.ts';
import { type OAuth2Client, startOstiary, type TestOstiary } from '../../tests/environment/ostiary.ts';
import type { Visitor } from '../../tests/environment/visitor.ts';

const challenge = createHash('sha256').update('v'.repeat(64)).digest('base64url');

for (const engine of databases()) {
  describe(`Cancel, on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    let client: OAuth2Client;
    before(async () => {
      ostiary = await startOstiary({ engine });
      const flow = await ostiary.core.database.read
        .selectFrom('flows')
        .select('id')
        .where('slug', '=', 'default-provider-authorization-explicit-consent')
        .executeTakeFirstOrThrow();
      client = await ostiary.oauth2('asking', { authorization_flow: flow.id });
      await ostiary.person('maria');
    });
    after(() => ostiary.stop());

    const ask = (browser: Visitor) =>
      browser.open(
        `/application/o/authorize/?${new URLSearchParams({
          response_type: 'code',
          client_id: client.clientId,
          redirect_uri: client.redirectUri,
          scope: 'openid email',
          state: 'mine',
          code_challenge: challenge,
          code_challenge_method: 'S256',
        })}`,
      );
    const cancelLink = (browser: Visitor): string => {
      const found = /href="(\/flows\/-\/cancel\/[^"]*)"/.exec(browser.last?.body ?? '')?.[1];
      assert.ok(found, browser.words());
      return found.replaceAll('&amp;', '&');
    };

    test('tells the application that the person said no', async () => {
      const browser = await ostiary.signedIn('maria');
      await ask(browser);
      const { location = '' } = await browser.open(cancelLink(browser));
      const back = new URL(location);
      assert.equal(back.origin + back.pathname, client.redirectUri);
      assert.equal(back.searchParams.get('error'), 'access_denied');
      assert.equal(back.searchParams.get('state'), 'mine');
      assert.equal(back.searchParams.get('iss'), client.issuer);
      assert.equal(back.searchParams.get('code'), null);
    });

    test('of one browser is of no use in another, and none of it without a run', async () => {
      const browser = await ostiary.signedIn('maria');
      await ask(browser);
      const stranger = ostiary.visitor();
      for (const address of [cancelLink(browser), '/flows/-/cancel/?flow=nowhere&run=nothing', '/flows/-/cancel/']) {
        const answer = await stranger.request(new URL(address, ostiary.url).href);
        assert.equal(answer.status, 302);
        assert.equal(answer.location, `${ostiary.url}/`);
      }
    });

    test('says nothing to an address that is no longer registered', async () => {
      const browser = await ostiary.signedIn('maria');
      await ask(browser);
      const link = cancelLink(browser);
      await ostiary.core.database.write(async (transaction) => {
        await transaction.updateTable('applications').set({ provider_pk: null }).where('slug', '=', 'asking').execute();
      });
      ostiary.core.configuration.clear();
      const answer = await browser.open(link);
      assert.equal(answer.location, undefined);
      assert.match(browser.words(), /Client ID Error/);
    });
  });
}

/**
 * How far it is to a token: the files of ours of which a function runs during one warm request. Each is a place that
 * somebody must read to know what happens on the hottest path that there is.
 */
import assert from 'node:assert/strict';
import { Session } from 'node:inspector/promises';
import { join, relative } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { databases } from '../environment/databases.ts';
import { type OAuth2Client, startOstiary, type TestOstiary } from '../environment/ostiary.ts';
import { codeFor, pkce, redeem, type Reply, tokens } from '../environment/relying-party.ts';

/**
 * Layers that every request goes through (server, gate, database) are small files of their own here, so the whole is
 * more than what the endpoint itself is made of. Neither may grow unseen.
 */
const MOST = 36;
const MOST_OF_PROTOCOL = 12;
const sources = join(import.meta.dirname, '..', '..', 'src');

/** The files below src/ of which a function was called while `work` ran. */
async function filesCalled(work: () => Promise<unknown>): Promise<string[]> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    // Counts begin anew with each look.
    await session.post('Profiler.takePreciseCoverage');
    await work();
    const { result } = await session.post('Profiler.takePreciseCoverage');
    const files = result
      .filter(({ url, functions }) => url.startsWith('file:') && functions.some(({ ranges }) => ranges[0]?.count))
      .map(({ url }) => relative(sources, fileURLToPath(url)));
    return files.filter((path) => !path.startsWith('..')).sort();
  } finally {
    session.disconnect();
  }
}

function check(test: TestContext, files: readonly string[]): void {
  const own = files.filter((path) => path.startsWith(join('protocols', 'oauth2')));
  test.diagnostic(`${files.length} files, ${own.length} of them the protocol's: ${files.join(' ')}`);
  assert.ok(files.length <= MOST && own.length <= MOST_OF_PROTOCOL, files.join('\n'));
}

for (const engine of databases()) {
  describe(`the path to a token on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    let client: OAuth2Client;
    before(async () => {
      ostiary = await startOstiary({ engine });
      client = await ostiary.oauth2('app');
      await ostiary.person('ann');
    });
    after(() => ostiary.stop());

    const measure = async (ask: () => Promise<Reply>): Promise<string[]> => {
      let reply: Reply | undefined;
      const files = await filesCalled(async () => {
        reply = await ask();
      });
      assert.equal(reply?.status, 200, JSON.stringify(reply?.json));
      assert.ok(typeof reply?.json.access_token === 'string');
      assert.ok(files.includes(join('protocols', 'oauth2', 'token.ts')), files.join('\n'));
      return files;
    };

    it('client credentials', async (test) => {
      const ask = () => tokens(ostiary, client, { grant_type: 'client_credentials', scope: 'email' });
      // The first makes the account of the client and fills what is kept.
      for (let times = 0; times < 3; times += 1) assert.equal((await ask()).status, 200);
      const files = await measure(ask);
      check(test, files);
    });

    it('a code', async (test) => {
      const browser = await ostiary.signedIn('ann');
      const { verifier, challenge } = pkce();
      const code = () => codeFor(browser, client, { code_challenge: challenge, code_challenge_method: 'S256' });
      for (let times = 0; times < 3; times += 1) {
        assert.equal((await redeem(ostiary, client, await code(), { code_verifier: verifier })).status, 200);
      }
      const made = await code();
      const files = await measure(() => redeem(ostiary, client, made, { code_verifier: verifier }));
      check(test, files);
    });
  });
}

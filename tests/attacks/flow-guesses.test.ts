/** Guessing passwords: at most the limit are compared, however many come at once and whoever they say they are. */
import assert from 'node:assert/strict';
import { after, before, describe, mock, test } from 'node:test';
import { events, sessions } from '../environment/counting.ts';
import { databases } from '../environment/databases.ts';
import { startOstiary, type TestOstiary } from '../environment/ostiary.ts';

const EXECUTOR = '/api/v3/flows/executor/default-authentication-flow/';
const LIMIT = 5;
const PROXY = '127.0.0.1';
type Inject = { status: number; json: Record<string, unknown>; cookies: string[] };

for (const engine of databases()) {
  describe(`guessing passwords on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    let late = 0;
    before(async () => {
      ostiary = await startOstiary({ engine, now: () => Date.now() + late });
    });
    after(() => ostiary.stop());

    /** One request from an address, as if its network were ours. */
    const ask = async (from: string, body?: unknown, headers: Record<string, string> = {}): Promise<Inject> => {
      const reply = await ostiary.server.inject({
        url: EXECUTOR,
        remoteAddress: from,
        method: body === undefined ? 'GET' : 'POST',
        headers: { host: 'localhost:9000', accept: 'application/json', ...headers },
        ...(body !== undefined && { payload: body as object }),
      });
      const json = reply.body.startsWith('{') ? (JSON.parse(reply.body) as Record<string, unknown>) : {};
      const cookies = [reply.headers['set-cookie'] ?? []].flat().map((line) => line.split(';')[0] ?? '');
      return { status: reply.statusCode, json, cookies };
    };
    /** A guesser before the password of a name: guesses as often as wanted. */
    const guesser = async (from: string, name: string, headers: Record<string, string> = {}) => {
      const first = await ask(from, undefined, headers);
      const second = await ask(
        from,
        { component: 'ak-stage-identification', uid_field: name },
        { ...headers, cookie: first.cookies.join('; ') },
      );
      assert.equal(second.status, 302);
      const kept = new Map([...first.cookies, ...second.cookies].map((pair) => [pair.split('=')[0], pair]));
      const cookie = [...kept.values()].join('; ');
      return (password: string, more: Record<string, string> = {}) =>
        ask(from, { component: 'ak-stage-password', password }, { ...headers, ...more, cookie });
    };
    const said = ({ json }: Inject): string => {
      const errors = (json.response_errors ?? {}) as { password?: { code: string }[] };
      return errors.password?.[0]?.code ?? String(json.component);
    };
    const tally = (replies: Inject[]): Record<string, number> => {
      const counted: Record<string, number> = {};
      for (const each of replies.map(said)) counted[each] = (counted[each] ?? 0) + 1;
      return counted;
    };

    test('of fifty guesses at once five are compared, and the right one afterwards is refused', async () => {
      const { pk } = await ostiary.person('ann');
      const guess = await guesser('198.51.100.1', 'ann');
      const compared = mock.method(ostiary.core.passwords, 'verify');
      const replies = await Promise.all(Array.from({ length: 50 }, (_, index) => guess(`guess ${index}`)));
      assert.equal(compared.mock.callCount(), LIMIT);
      assert.deepEqual(tally(replies), { invalid: LIMIT, throttled: 45 });
      assert.equal(said(await guess('password of ann')), 'throttled');
      assert.equal(compared.mock.callCount(), LIMIT);
      compared.mock.restore();
      assert.equal(await sessions(ostiary, pk), 0);
      assert.equal(await events(ostiary, 'login_failed', 'ann'), 51);
      // A fresh run, a fresh browser and another way to write the name are the same account.
      for (const name of ['ann', 'ANN', 'ann@example.org', ' Ann@Example.ORG ']) {
        assert.equal(said(await (await guesser('198.51.100.1', name))('password of ann')), 'throttled', name);
      }
    });

    test('another address still gets in meanwhile, and the first one after fifteen minutes', async () => {
      await ostiary.person('bea');
      const guess = await guesser('198.51.100.2', 'bea');
      for (let count = 0; count < 105; count += 1) await guess('wrong');
      assert.equal(said(await guess('password of bea')), 'throttled');
      const other = await guesser('198.51.100.3', 'bea');
      assert.equal(said(await other('password of bea')), 'xak-flow-redirect');
      late += 15 * 60 * 1000 + 1000;
      assert.equal(said(await guess('password of bea')), 'xak-flow-redirect');
    });

    test('a name that nobody has is counted just the same', async () => {
      await ostiary.person('cleo');
      const seen: string[][] = [];
      for (const name of ['cleo', 'nobody-of-that-name']) {
        const guess = await guesser('198.51.100.4', name);
        const replies: string[] = [];
        for (let count = 0; count < 8; count += 1) replies.push(said(await guess('wrong')));
        seen.push(replies);
      }
      assert.deepEqual(seen[0], seen[1]);
      assert.deepEqual(seen[0]?.slice(4, 6), ['invalid', 'throttled']);
    });

    test('one address cannot try one password on everybody', async () => {
      const from = '198.51.100.5';
      let compared = 0;
      for (let count = 0; count < 104; count += 1) {
        if (said(await (await guesser(from, `somebody ${count}`))('password1')) === 'invalid') compared += 1;
      }
      assert.equal(compared, 100);
      await ostiary.person('dora');
      assert.equal(said(await (await guesser('198.51.100.6', 'dora'))('password of dora')), 'xak-flow-redirect');
    });

    test('many addresses cannot guess one account without end', async () => {
      await ostiary.person('edda');
      let compared = 0;
      for (let host = 1; host <= 21; host += 1) {
        const guess = await guesser(`203.0.113.${host}`, 'edda');
        for (let count = 0; count < LIMIT; count += 1) if (said(await guess('wrong')) === 'invalid') compared += 1;
      }
      assert.equal(compared, 100);
    });

    test("people who know their password use up nobody's guesses", async () => {
      await ostiary.person('fay');
      for (let count = 0; count < 102; count += 1) {
        assert.equal(
          said(await (await guesser('198.51.100.7', 'fay'))('password of fay')),
          'xak-flow-redirect',
          `${count}`,
        );
      }
    });

    test('an own right password does not forgive wrong ones for others', async () => {
      await ostiary.person('gil');
      await ostiary.person('hera');
      const from = '198.51.100.8';
      const guess = await guesser(from, 'hera');
      const replies: Inject[] = [];
      for (let count = 0; count < 10; count += 1) {
        replies.push(await guess('wrong'));
        await (await guesser(from, 'gil'))('password of gil');
      }
      assert.deepEqual(tally(replies), { invalid: LIMIT, throttled: 5 });
    });

    test('a forged X-Forwarded-For does not multiply guesses; from a trusted proxy it tells people apart', async () => {
      await ostiary.person('ines');
      const direct = await guesser('198.51.100.9', 'ines');
      const replies: Inject[] = [];
      for (let count = 0; count < 20; count += 1) {
        replies.push(await direct('wrong', { 'x-forwarded-for': `192.0.2.${count}`, 'x-real-ip': `192.0.2.${count}` }));
      }
      assert.deepEqual(tally(replies), { invalid: LIMIT, throttled: 15 });
      // A client of the proxy that writes a hop of its own is known by the hop that the proxy wrote.
      const behind: Inject[] = [];
      const guess = await guesser(PROXY, 'ines', { 'x-forwarded-for': '192.0.2.77' });
      for (let count = 0; count < 20; count += 1) {
        behind.push(await guess('wrong', { 'x-forwarded-for': `10.0.0.${count}, 192.0.2.77` }));
      }
      assert.deepEqual(tally(behind), { invalid: LIMIT, throttled: 15 });
      const owner = await guesser(PROXY, 'ines', { 'x-forwarded-for': '192.0.2.78' });
      assert.equal(said(await owner('password of ines')), 'xak-flow-redirect');
    });

    test('a forwarded header that counts and cannot be read is refused', async () => {
      for (const header of [
        '',
        ',',
        'unknown',
        '_hidden',
        '1.2.3',
        '1.2.3.4.5',
        '::g',
        '127.0.0.1%lo',
        '<script>',
        '1.2.3.4;',
        `${'1.1.1.1,'.repeat(40)}1.1.1.1`,
      ]) {
        assert.equal((await ask(PROXY, undefined, { 'x-forwarded-for': header })).status, 400, header);
      }
      for (const header of ['ftp', 'https,http', ',', 'javascript']) {
        assert.equal((await ask(PROXY, undefined, { 'x-forwarded-proto': header })).status, 400, header);
      }
    });

    test('a name that nobody has takes as long as one that somebody has', async () => {
      await ostiary.person('jo');
      const times: Record<string, number[]> = { jo: [], 'jo of nowhere': [] };
      const rounds = 15;
      for (let round = 0; round < rounds; round += 1) {
        for (const name of round % 2 ? ['jo', 'jo of nowhere'] : ['jo of nowhere', 'jo']) {
          // Each from an address of its own, so that nothing is throttled.
          const guess = await guesser(`2001:db8:${round}:${name.length}::1`, name);
          const begun = process.hrtime.bigint();
          assert.equal(said(await guess('wrong')), 'invalid');
          times[name]?.push(Number(process.hrtime.bigint() - begun));
        }
      }
      const median = (all: number[] = []): number => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
      const ratio = median(times.jo) / median(times['jo of nowhere']);
      assert.ok(ratio > 0.6 && ratio < 1.6, `a known name takes ${ratio.toFixed(2)} times as long`);
    });
  });
}

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { events, rows, sessions } from '../../tests/environment/counting.ts';
import { databases } from '../../tests/environment/databases.ts';
import { makeFlow } from '../../tests/environment/flow-client.ts';
import { startOstiary, type TestOstiary } from '../../tests/environment/ostiary.ts';
import { named, Program, proven } from '../../tests/environment/program.ts';
import type { Form, Visitor } from '../../tests/environment/visitor.ts';
import { dummy } from '../stages/dummy/dummy.ts';
import { identification } from '../stages/identification/identification.ts';
import { password } from '../stages/password/password.ts';
import { userLogin } from '../stages/user-login/user-login.ts';

const SIGN_IN = '/if/flow/default-authentication-flow/';
const END = '/-/health/live/';
const BACKENDS = { backends: ['authentik.core.auth.InbuiltBackend'] };

/** Sends a form as it once stood in a page, without following anything. */
function post(browser: Visitor, form: Form, typed: Record<string, string>) {
  return browser.request(form.action, {
    method: 'POST',
    body: new URLSearchParams({ ...form.fields, ...typed }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: browser.origin },
  });
}

for (const engine of databases()) {
  describe(`Back, tabs, clicks and old pages on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    let late = 0;
    before(async () => {
      ostiary = await startOstiary({ engine, now: () => Date.now() + late });
      const name = `${engine.name} name and password`;
      const secret = await ostiary.make(password.declaration, { name, ...BACKENDS } as never);
      await makeFlow(ostiary, { slug: 'one-page', designation: 'authentication' }, [
        [identification, { user_fields: ['username'], password_stage: secret.id }],
        [userLogin, {}],
      ]);
    });
    after(() => ostiary.stop());

    test('Back to the first page lets a person correct their name', async () => {
      await ostiary.person('ann');
      const browser = ostiary.visitor();
      await browser.open(`${SIGN_IN}?next=${END}`);
      const first = browser.form();
      await browser.submit({ uid_field: 'amn' });
      await browser.open((await post(browser, first, { uid_field: 'ann' })).location ?? '');
      assert.match(browser.last?.body ?? '', /value="ann"/);
      const answer = await browser.submit({ password: 'password of ann' });
      assert.equal(new URL(answer.url).pathname, END);
    });

    test('an answer to an older page is not taken for the step where the run stands now', async () => {
      await makeFlow(ostiary, { slug: 'three' }, [
        [dummy, {}],
        [dummy, {}],
        [dummy, {}],
      ]);
      const browser = ostiary.visitor();
      await browser.open('/if/flow/three/');
      await browser.submit({});
      const second = browser.form();
      await browser.submit({});
      const third = browser.last?.url;
      for (let count = 0; count < 3; count += 1) {
        const answer = await post(browser, second, {});
        assert.equal(answer.status, 303);
        assert.equal(answer.location, third, 'the third stage still asks');
      }
    });

    test('two tabs have a run each', async () => {
      await ostiary.person('bea');
      const browser = ostiary.visitor();
      await browser.open(`${SIGN_IN}?next=/-/health/ready/`);
      const one = browser.form();
      await browser.open(`${SIGN_IN}?next=${END}`);
      const two = browser.form();
      await browser.open((await post(browser, one, { uid_field: 'bea' })).location ?? '');
      const onePassword = browser.form();
      await browser.open((await post(browser, two, { uid_field: 'nobody' })).location ?? '');
      assert.equal((await post(browser, browser.form(), { password: 'password of bea' })).status, 200);
      const done = await post(browser, onePassword, { password: 'password of bea' });
      assert.equal(new URL(done.location ?? '').pathname, '/-/health/ready/');
      // The other tab's page is of a browser that was not signed in: it starts again and can be gone through.
      const again = await post(browser, two, { uid_field: 'bea' });
      assert.ok(again.status === 200 || again.status === 303);
      assert.match(`${again.body}${again.location}`, /run/);
    });

    test('a double click on the name makes one run', async () => {
      const browser = ostiary.visitor();
      await browser.open(SIGN_IN);
      const form = browser.form();
      const earlier = await rows(ostiary);
      const clicks = await Promise.all(Array.from({ length: 6 }, () => post(browser, form, { uid_field: 'ann' })));
      assert.deepEqual(new Set(clicks.map((each) => each.status)), new Set([303]));
      assert.equal(new Set(clicks.map((each) => each.location)).size, 1);
      assert.equal((await rows(ostiary)).flow_runs, earlier.flow_runs + 1);
    });

    for (const slug of ['default-authentication-flow', 'one-page']) {
      test(`a double click on the password signs in once: ${slug}`, async () => {
        const name = `click-${slug}`;
        const { pk } = await ostiary.person(name);
        const browser = ostiary.visitor();
        await browser.open(`/if/flow/${slug}/?next=${END}`);
        if (slug !== 'one-page') await browser.submit({ uid_field: name });
        const form = browser.form();
        const typed = { uid_field: name, password: `password of ${name}` };
        const clicks = await Promise.all(Array.from({ length: 4 }, () => post(browser, form, typed)));
        assert.equal(await sessions(ostiary, pk), 1);
        assert.equal(await events(ostiary, 'login', name), 1);
        assert.equal(clicks.filter((each) => each.headers.get('set-cookie')).length, 1, 'one click gets the session');
        for (const each of clicks) assert.equal(new URL(each.location ?? '').pathname, END);
        // And later, from the history, with whichever cookie.
        const replay = await post(browser, form, typed);
        assert.ok(replay.status < 400);
        assert.equal(await sessions(ostiary, pk), 1);
      });

      test(`a program that answers twice signs in once: ${slug}`, async () => {
        const name = `twice-${slug}`;
        const { pk } = await ostiary.person(name);
        const program = new Program(ostiary, slug, `next=${END}`);
        await program.look();
        const last = { ...proven(`password of ${name}`), uid_field: name };
        if (slug === 'one-page') last.component = 'ak-stage-identification';
        else await program.answer(named(name));
        const replies = await Promise.all(Array.from({ length: 4 }, () => program.post(last)));
        assert.equal(await sessions(ostiary, pk), 1);
        assert.equal(await events(ostiary, 'login', name), 1);
        for (const each of replies) assert.ok(each.status < 400, `${each.status} ${each.text}`);
      });
    }

    test('a ticket that has been used to the end signs nobody in again', async () => {
      const { pk } = await ostiary.person('cleo');
      const browser = ostiary.visitor();
      await browser.open(`/if/flow/one-page/?next=${END}`);
      const form = browser.form();
      const old = browser.cookies.get('authentik_session') ?? '';
      const typed = { uid_field: 'cleo', password: 'password of cleo' };
      await post(browser, form, typed);
      assert.equal(await sessions(ostiary, pk), 1);
      browser.cookies.set('authentik_session', old);
      const replay = await post(browser, form, typed);
      assert.equal(new URL(replay.location ?? '').pathname, END);
      assert.equal(replay.headers.get('set-cookie'), null, 'the cookie from before is worth nothing');
      assert.equal(await sessions(ostiary, pk), 1);
    });

    test('a finished run is not run twice', async () => {
      await makeFlow(ostiary, { slug: 'short' }, [
        [dummy, {}],
        [dummy, {}],
      ]);
      const browser = ostiary.visitor();
      await browser.open(`/if/flow/short/?next=${END}`);
      await browser.submit({});
      const { url: run } = browser.last ?? { url: '' };
      const form = browser.form();
      assert.equal(new URL((await post(browser, form, {})).location ?? '').pathname, END);
      const earlier = await rows(ostiary);
      assert.equal(new URL((await browser.request(run)).location ?? '').pathname, END);
      assert.equal(new URL((await post(browser, form, {})).location ?? '').pathname, END);
      assert.deepEqual(await rows(ostiary), earlier);
    });

    for (const [step, component] of [
      ['name', 'ak-stage-identification'],
      ['password', 'ak-stage-password'],
    ] as const) {
      for (const [why, spoil] of [
        ['after an hour', () => void (late += 61 * 60 * 1000)],
        ['after two days', () => void (late += 48 * 60 * 60 * 1000)],
        ['without its cookie', (browser: Visitor) => browser.cookies.clear()],
      ] as const) {
        test(`a page that asks for the ${step} starts again ${why}, and the name that was typed is kept`, async () => {
          const name = `late-${step}-${why.replaceAll(' ', '-')}`;
          const { pk } = await ostiary.person(name);
          const browser = ostiary.visitor();
          await browser.open(`${SIGN_IN}?next=${END}`);
          if (step === 'password') await browser.submit({ uid_field: name });
          assert.match(browser.last?.body ?? '', new RegExp(component));
          spoil(browser);
          const answer = await browser.submit(
            step === 'name' ? { uid_field: name } : { password: `password of ${name}` },
          );
          assert.equal(answer.status, 200);
          assert.equal(await sessions(ostiary, pk), 0, 'an old page signs nobody in');
          assert.ok(answer.body.includes(name), 'the name that was typed is kept');
          assert.ok(!answer.body.includes(`password of ${name}`), 'the password is not');
          if (step === 'password') await browser.submit({ uid_field: browser.form().fields.uid_field ?? '' });
          const done = await browser.submit({ password: `password of ${name}` });
          assert.equal(new URL(done.url).pathname, END, 'it still leads where the person was going');
        });
      }
    }

    test('reloading a page whose run has expired keeps the name too', async () => {
      const browser = ostiary.visitor();
      await browser.open(`${SIGN_IN}?next=${END}`);
      await browser.submit({ uid_field: 'someone typed' });
      late += 61 * 60 * 1000;
      await browser.open(browser.last?.url ?? '');
      assert.equal(browser.form().fields.uid_field, 'someone typed');
    });

    test('the run of another browser, an altered ticket and that of another flow start again', async () => {
      await makeFlow(ostiary, { slug: 'other' }, [
        [dummy, {}],
        [dummy, {}],
      ]);
      await ostiary.person('dora');
      const victim = ostiary.visitor();
      await victim.open(SIGN_IN);
      const ticket = victim.form().fields.run ?? '';
      await victim.submit({ uid_field: 'dora' });
      const row = victim.form().fields.run ?? '';
      const middle = Math.floor(ticket.length / 2);
      const altered = `${ticket.slice(0, middle)}${ticket[middle] === 'A' ? 'B' : 'A'}${ticket.slice(middle + 1)}`;
      const bad = [
        '',
        'x',
        altered,
        ticket.slice(0, -1),
        `${ticket}A`,
        '../..',
        "' or 1=1",
        row.toUpperCase(),
        'ü'.repeat(50),
      ];
      for (const [browser, runs] of [
        [ostiary.visitor(), [...bad, ticket, row]],
        [victim, bad],
      ] as const) {
        for (const run of runs) {
          const answer = await browser.open(`${SIGN_IN}?run=${encodeURIComponent(run)}`);
          assert.equal(answer.status, 200, run);
          assert.match(answer.body, /value="ak-stage-identification"/, run);
          const skipped = await post(browser, browser.form(), {
            run,
            component: 'ak-stage-password',
            password: 'password of dora',
          });
          assert.ok(skipped.status < 400, run);
          assert.match((await browser.open('/if/user/')).url, /default-authentication-flow/);
        }
      }
      for (const run of [ticket, row]) {
        await victim.open(`/if/flow/other/?run=${run}`);
        assert.match(victim.last?.body ?? '', /value="ak-stage-dummy"/);
      }
      assert.equal(await events(ostiary, 'login', 'dora'), 0);
    });
  });
}

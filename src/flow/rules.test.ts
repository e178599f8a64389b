import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { databases } from '../../tests/environment/databases.ts';
import { makeFlow } from '../../tests/environment/flow-client.ts';
import { type PolicyBinding, startOstiary, type TestOstiary } from '../../tests/environment/ostiary.ts';
import { named, Program, proven } from '../../tests/environment/program.ts';
import { rulesOf } from '../../tests/environment/rules.ts';
import { deny } from '../stages/deny/deny.ts';
import { dummy } from '../stages/dummy/dummy.ts';
import { identification } from '../stages/identification/identification.ts';
import { password } from '../stages/password/password.ts';
import { userLogin } from '../stages/user-login/user-login.ts';

const BACKENDS = { backends: ['authentik.core.auth.InbuiltBackend'] };
const NAMES = { user_fields: ['username'] };
const DENIED = 'ak-stage-access-denied';

for (const engine of databases()) {
  describe(`the rules of flows on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    before(async () => {
      ostiary = await startOstiary({ engine });
    });
    after(() => ostiary.stop());

    const { slugOf, policy, flowId, bindingsOf, change } = rulesOf(() => ostiary);
    /** A sign-in of name, a stage that only denies, password and login. */
    const guarded = async (): Promise<{ slug: string; guard: string }> => {
      const slug = slugOf('guarded');
      await makeFlow(ostiary, { slug, designation: 'authentication' }, [
        [identification, NAMES],
        [deny, { deny_message: 'Not you.' }],
        [password, BACKENDS],
        [userLogin, {}],
      ]);
      return { slug, guard: (await bindingsOf(slug))[1] ?? '' };
    };
    const asNamed = async (slug: string, name: string): Promise<string> => {
      const program = new Program(ostiary, slug);
      await program.look();
      return String((await program.answer(named(name))).json.component);
    };

    test('a step that is bound to a group is for its members and those of groups below it', async () => {
      const above = await ostiary.group(slugOf('above'));
      const below = await ostiary.group(slugOf('below'), { parents: [above] });
      const { slug, guard } = await guarded();
      await ostiary.bind(guard, { group: above });
      await ostiary.person('in-above', { groups: [above] });
      await ostiary.person('in-below', { groups: [below] });
      await ostiary.person('in-none');
      assert.equal(await asNamed(slug, 'in-above'), DENIED);
      assert.equal(await asNamed(slug, 'in-below'), DENIED);
      assert.equal(await asNamed(slug, 'in-none'), 'ak-stage-password');
      assert.equal(await asNamed(slug, 'nobody-of-that-name'), 'ak-stage-password');
    });

    test('a rule about a step looks at the person who was named, not at who is signed in', async () => {
      const group = await ostiary.group(slugOf('watched'));
      await ostiary.person('watched', { groups: [group] });
      await ostiary.person('free');
      const { slug, guard } = await guarded();
      await ostiary.bind(guard, { group });
      const session = (await ostiary.signedIn('free')).cookies.get('authentik_session') ?? '';
      const program = new Program(ostiary, slug);
      program.cookies.set('authentik_session', session);
      await program.look();
      assert.equal((await program.answer(named('watched'))).json.component, DENIED);
    });

    test('a step may be bound to one person, or to all but one', async () => {
      const { pk } = await ostiary.person('only');
      await ostiary.person('other');
      for (const [negate, denied] of [
        [false, 'only'],
        [true, 'other'],
      ] as const) {
        const { slug, guard } = await guarded();
        await ostiary.bind(guard, { user: pk, negate });
        for (const name of ['only', 'other']) {
          assert.equal(await asNamed(slug, name), name === denied ? DENIED : 'ak-stage-password', `${name} ${negate}`);
        }
      }
    });

    test('bindings are joined by any or all, in their order; what is switched off does not count', async () => {
      const yes = await policy('return true');
      const no = await policy('return false');
      type Case = [mode: 'any' | 'all', bindings: PolicyBinding[], wanted: boolean];
      const cases: Case[] = [
        ['any', [], true],
        ['any', [{ policy: yes }, { policy: no }], true],
        ['all', [{ policy: yes }, { policy: no }], false],
        ['all', [{ policy: yes }, { policy: no, enabled: false }], true],
        ['any', [{ policy: yes, enabled: false }, { policy: no }], false],
        ['any', [{ policy: no }], false],
        ['any', [{ policy: no, negate: true }], true],
        ['all', [{ policy: yes, negate: true }, { policy: yes }], false],
      ];
      for (const [mode, bindings, wanted] of cases) {
        const { slug, guard } = await guarded();
        await change(guard, { policy_engine_mode: mode });
        for (const [order, binding] of bindings.entries()) await ostiary.bind(guard, { ...binding, order });
        const shown = await asNamed(slug, 'anybody');
        assert.equal(shown, wanted ? DENIED : 'ak-stage-password', JSON.stringify([mode, bindings]));
      }
    });

    for (const [what, source] of [
      ['throws', 'throw new Error("broken")'],
      ['never ends', 'for (;;) {}'],
      ['cannot be read', 'return ('],
      ['asks for what is not there', 'return request.user.nothing.at.all'],
    ] as const) {
      test(`a rule that ${what} neither takes the password out nor lets in`, async () => {
        const broken = await policy(source);
        for (const negate of [false, true]) {
          const slug = slugOf('broken');
          await makeFlow(ostiary, { slug, designation: 'authentication' }, [
            [identification, NAMES],
            [password, BACKENDS],
            [userLogin, {}],
          ]);
          const [, second = ''] = await bindingsOf(slug);
          const binding = await ostiary.bind(second, { policy: broken, negate });
          const program = new Program(ostiary, slug);
          await program.look();
          const shown = await program.answer(named('akadmin'));
          assert.equal(shown.json.component, DENIED);
          assert.equal((await program.answer(proven('password of akadmin'))).json.component, 'ak-stage-identification');
          assert.ok(binding);
        }
      });

      test(`a rule that ${what} closes a flow; its failure result may say otherwise`, async () => {
        const broken = await policy(source);
        for (const [failure_result, component] of [
          [false, DENIED],
          [true, 'ak-stage-dummy'],
        ] as const) {
          const slug = slugOf('closed');
          await makeFlow(ostiary, { slug }, [[dummy, {}]]);
          await ostiary.bind(await flowId(slug), { policy: broken, failure_result });
          assert.equal((await new Program(ostiary, slug).look()).json.component, component);
        }
      });
    }

    test('a rule on a flow decides who may start it, and its words are shown', async () => {
      const slug = slugOf('worded');
      await makeFlow(ostiary, { slug, denied_action: 'message' }, [[dummy, {}]]);
      await ostiary.bind(await flowId(slug), { policy: await policy('ak_message("Come on a Monday."); return false') });
      const shown = await new Program(ostiary, slug).look();
      assert.equal(shown.json.component, DENIED);
      assert.equal(shown.json.error_message, 'Come on a Monday.');
      const browser = ostiary.visitor();
      assert.equal((await browser.open(`/if/flow/${slug}/`)).status, 403);
      assert.match(browser.words(), /Come on a Monday\./);
    });

    for (const action of ['message_continue', 'message', 'continue'] as const) {
      test(`a flow that is denied: ${action}`, async () => {
        const slug = slugOf(action.replace('_', '-'));
        await makeFlow(ostiary, { slug, denied_action: action }, [[deny, { deny_message: 'No entry.' }]]);
        const shown = await new Program(ostiary, slug, 'next=/-/health/live/').look();
        const page = await ostiary.visitor().open(`/if/flow/${slug}/?next=/-/health/live/`);
        if (action === 'continue') {
          assert.deepEqual([shown.json.component, shown.json.to], ['xak-flow-redirect', '/-/health/live/']);
          assert.equal(new URL(page.url).pathname, '/-/health/live/');
        } else {
          assert.deepEqual([shown.json.component, shown.json.error_message], [DENIED, 'No entry.']);
          assert.equal(page.status, 403);
          assert.match(page.body, /No entry\./);
        }
      });
    }

    test('each requirement of authentication lets in whom it names and nobody else', async () => {
      const admins = await ostiary.group(slugOf('admins'), { superuser: true });
      const below = await ostiary.group(slugOf('deputies'), { parents: [admins] });
      await ostiary.person('plain');
      await ostiary.person('deputy', { groups: [below] });
      const cookies = new Map<string, string | undefined>([['stranger', undefined]]);
      for (const name of ['plain', 'deputy']) {
        cookies.set(name, (await ostiary.signedIn(name)).cookies.get('authentik_session'));
      }
      const allowed: Record<string, string[]> = {
        none: ['stranger', 'plain', 'deputy'],
        require_authenticated: ['plain', 'deputy'],
        require_unauthenticated: ['stranger'],
        require_superuser: ['deputy'],
        require_redirect: [],
        require_outpost: [],
        require_token: [],
      };
      for (const [authentication, names] of Object.entries(allowed)) {
        const slug = slugOf('required');
        await makeFlow(ostiary, { slug, authentication }, [[dummy, {}]]);
        for (const [name, cookie] of cookies) {
          const program = new Program(ostiary, slug, 'next=/there');
          if (cookie !== undefined) program.cookies.set('authentik_session', cookie);
          const { json } = await program.look();
          assert.equal(json.component === 'ak-stage-dummy', names.includes(name), `${authentication} ${name}`);
          if (names.includes(name)) continue;
          const answered = await program.post({ component: 'ak-stage-dummy' });
          assert.notEqual(answered.status, 302, `${authentication} ${name}`);
          if (authentication === 'require_unauthenticated') assert.equal(json.to, '/there');
          else if (name === 'stranger' && /authenticated|superuser/.test(authentication)) {
            assert.match(String(json.to), /^\/flows\/-\/default\/authentication\/\?next=/);
          } else assert.equal(json.component, DENIED);
        }
      }
    });

    test('a rule may be asked when the run is planned, or when the turn of its step comes, or both', async () => {
      for (const [evaluate_on_plan, re_evaluate_policies, shown] of [
        // The name is known when the turn of the step comes, not when the run is planned.
        [false, true, 'ak-stage-password'],
        [true, false, DENIED],
        [true, true, 'ak-stage-password'],
        [false, false, DENIED],
      ] as const) {
        const { slug, guard } = await guarded();
        await change(guard, { evaluate_on_plan, re_evaluate_policies });
        await ostiary.bind(guard, { policy: await policy('return !context.pending_user_identifier') });
        assert.equal(await asNamed(slug, 'akadmin'), shown, `${evaluate_on_plan} ${re_evaluate_policies}`);
      }
    });
  });
}

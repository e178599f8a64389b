/** What administrators learn of policies: failures, executions, and how one would decide. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Api, startApi } from '../../tests/admin/api.ts';
import { databases } from '../../tests/environment/databases.ts';

type Tested = { passing: boolean; messages: string[]; log_messages: { event: string; log_level: string }[] };

for (const engine of databases()) {
  describe(`what policies leave behind, on ${engine.name}`, () => {
    let api: Api;
    before(async () => {
      api = await startApi(engine);
    });
    after(() => api.stop());

    const policy = async (name: string, expression: string, more: object = {}): Promise<string> => {
      const body = { name, expression, language: 'javascript', ...more };
      return (await api.admin.post<{ pk: string }>('policies/expression/', body)).body.pk;
    };
    const judged = async (pk: string, context: object = {}): Promise<Tested> =>
      (await api.admin.post<Tested>(`policies/all/${pk}/test/`, { user: api.admin.pk, context })).body;
    const events = async (action: string) =>
      (await api.admin.get<{ results: { context: Record<string, unknown> }[] }>(`events/events/?action=${action}`)).body
        .results;

    it('a failure is a denial, an event, and told to whoever tries the policy', async () => {
      const pk = await policy('broken', 'return nobody.name');
      const verdict = await judged(pk);
      assert.equal(verdict.passing, false);
      assert.deepEqual(verdict.messages, []);
      assert.equal(verdict.log_messages[0]?.log_level, 'error');
      assert.match(verdict.log_messages[0]?.event ?? '', /policy broken: .*line 1/);
      const [event] = await events('policy_exception');
      assert.equal(event?.context.policy, pk);
      assert.match(String(event?.context.message), /policy broken/);
    });

    it('one that logs its executions leaves an event for each, without what was typed', async () => {
      const source = 'ak_logger.info("looked"); ak_message("Hm."); return false';
      const quiet = await policy('quiet', source);
      await judged(quiet);
      assert.deepEqual(await events('policy_execution'), []);
      const pk = await policy('loud', source, { execution_logging: true });
      const verdict = await judged(pk, { prompt_data: { password: 'typed by somebody' } });
      assert.deepEqual(verdict.messages, ['Hm.']);
      assert.deepEqual([verdict.log_messages[0]?.log_level, verdict.log_messages[0]?.event], ['info', 'looked']);
      const found = await events('policy_execution');
      assert.equal(found.length, 1);
      assert.deepEqual(found[0]?.context.result, { passing: false, messages: ['Hm.'] });
      assert.equal((found[0]?.context.model as { pk: string } | undefined)?.pk, pk);
      assert.ok(!JSON.stringify(found).includes('typed by somebody'));
    });
  });
}

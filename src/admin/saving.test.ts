/** What is saved can be used: the API and blueprints refuse by the same rules what would only fail later. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Api, startApi } from '../../tests/admin/api.ts';
import { databases } from '../../tests/environment/databases.ts';
import { BlueprintFault } from '../blueprints/fault.ts';
import { generateCertificate } from '../core/crypto/certificates.ts';
import { readSecret } from '../core/secrets.ts';

const OAUTH2 = 'authentik_providers_oauth2.oauth2provider';

for (const engine of databases()) {
  describe(`what is saved, on ${engine.name}`, () => {
    let api: Api;
    let flow: string;
    const certificates: Record<'rsa' | 'ec' | 'public', string> = { rsa: '', ec: '', public: '' };
    before(async () => {
      api = await startApi(engine);
      flow = (await api.admin.get<{ pk: string }>('flows/instances/default-provider-invalidation-flow/')).body.pk;
      const made = [
        ['rsa', 'rsa-2048', true],
        ['ec', 'ecdsa-p256', true],
        ['public', 'rsa-2048', false],
      ] as const;
      for (const [name, kind, withKey] of made) {
        const pair = await generateCertificate({ commonName: name, kind, validDays: 10 });
        const body = { name, certificate_data: pair.certificatePem, key_data: withKey ? pair.privateKeyPem : '' };
        certificates[name] = (await api.admin.post<{ pk: string }>('crypto/certificatekeypairs/', body)).body.pk;
      }
    });
    after(() => api.stop());

    const provider = (more: object): Record<string, unknown> => ({
      name: 'one',
      authorization_flow: flow,
      invalidation_flow: flow,
      redirect_uris: [],
      ...more,
    });
    const entry = (model: string, identifiers: object, attrs: object): string =>
      JSON.stringify({ version: 1, entries: [{ model, identifiers, attrs }] });
    const apply = (text: string) => api.app.blueprints.apply({ name: 'a.yaml', text, trusted: false });
    const refusedByBlueprint = (text: string, reason: RegExp): Promise<void> =>
      assert.rejects(apply(text), (fault) => fault instanceof BlueprintFault && reason.test(fault.message));
    const count = async (table: 'providers' | 'policies' | 'applications' | 'property_mappings' | 'prompts') =>
      (await api.app.core.database.read.selectFrom(table).select('id').execute()).length;

    it('an application cannot be called as an endpoint of its protocol', async () => {
      for (const slug of ['authorize', 'token', 'device', 'userinfo', 'introspect', 'revoke']) {
        const answer = await api.admin.post('core/applications/', { name: slug, slug });
        assert.equal(answer.status, 400, slug);
        assert.match(String(answer.body.slug), /reserved/);
        await refusedByBlueprint(entry('authentik_core.application', { slug }, { name: slug }), /slug: .*reserved/);
      }
      assert.equal((await api.admin.post('core/applications/', { name: 'Tokens', slug: 'tokens' })).status, 201);
      const renamed = await api.admin.patch('core/applications/tokens/', { slug: 'token' });
      assert.match(String(renamed.body.slug), /reserved/);
      assert.equal(await count('applications'), 1);
    });

    it('the keys of a provider can do what they are for', async () => {
      const cases: [object, string, RegExp][] = [
        [{ signing_key: certificates.public }, 'signing_key', /no private key/],
        [{ encryption_key: certificates.ec }, 'encryption_key', /RSA/],
      ];
      for (const [more, field, words] of cases) {
        const answer = await api.admin.post('providers/oauth2/', provider(more));
        assert.equal(answer.status, 400);
        assert.match(String(answer.body[field]), words);
        const { name, ...attrs } = provider(more);
        await refusedByBlueprint(
          entry(OAUTH2, { name }, attrs),
          new RegExp(`${field}: ${words.source}|${words.source}`),
        );
      }
      assert.equal(await count('providers'), 0, 'and nothing is there');
      const good = provider({ signing_key: certificates.ec, encryption_key: certificates.public });
      const made = await api.admin.post<{ pk: number }>('providers/oauth2/', good);
      assert.equal(made.status, 201, JSON.stringify(made.body));
      const change = { signing_key: certificates.public, name: 'two' };
      assert.equal((await api.admin.patch(`providers/oauth2/${made.body.pk}/`, change)).status, 400);
      const kept = await api.admin.get(`providers/oauth2/${made.body.pk}/`);
      assert.equal(kept.body.signing_key, certificates.ec);
      assert.equal(kept.body.name, 'one');
      const taken = await api.admin.patch(`crypto/certificatekeypairs/${certificates.ec}/`, { key_data: '' });
      assert.equal(taken.status, 400, 'what signs keeps its key');
      assert.match(String(taken.body.key_data), /needs its private key/);
      await api.admin.delete(`providers/oauth2/${made.body.pk}/`);
    });

    it('addresses lead somewhere, and patterns can be read', async () => {
      const uri = (matching_mode: string, url: string) => ({
        redirect_uris: [{ matching_mode, url, redirect_uri_type: 'authorization' }],
      });
      const wrong = [
        uri('strict', 'javascript:alert(1)'),
        uri('strict', 'data:text/html,x'),
        uri('strict', 'vbscript:x'),
        uri('regex', 'https://(app'),
        uri('regex', '^javascript:.*'),
        uri('regex', 'JavaScript\\:.*'),
        uri('regex', `https://${'a'.repeat(2000)}`),
        { logout_uri: 'javascript:alert(1)' },
        { logout_uri: '/somewhere' },
      ];
      for (const more of wrong) {
        const answer = await api.admin.post('providers/oauth2/', provider(more));
        assert.equal(answer.status, 400, JSON.stringify(more).slice(0, 100));
        assert.ok(answer.body.redirect_uris ?? answer.body.logout_uri);
        const { name, ...attrs } = provider(more);
        await refusedByBlueprint(entry(OAUTH2, { name }, attrs), /redirect_uris|logout_uri/);
      }
      const slow = await api.admin.post<{ pk: number }>(
        'providers/oauth2/',
        provider(uri('regex', 'https://(a+)+\\.x')),
      );
      assert.equal(slow.status, 201, 'a slow pattern is bounded when it is used');
      await api.admin.delete(`providers/oauth2/${slow.body.pk}/`);
    });

    it('a client has its identifier and its secret however it was made', async () => {
      const { core } = api.app;
      const { name, ...attrs } = provider({ name: 'by blueprint' });
      await apply(entry(OAUTH2, { name }, attrs));
      await api.admin.post('providers/oauth2/', provider({ name: 'by API' }));
      const rows = await core.database.read.selectFrom('providers').select(['id', 'client_id']).execute();
      assert.equal(rows.length, 2);
      const secrets = await Promise.all(
        rows.map(({ id }) => readSecret(core.sealer, core.database.read, id, 'client_secret')),
      );
      assert.equal(new Set([...secrets, ...rows.map((row) => row.client_id)]).size, 4);
      for (const { client_id } of rows) assert.match(String(client_id), /^[A-Za-z0-9]{40}$/);
      for (const secret of secrets) assert.match(String(secret), /^[A-Za-z0-9]{128}$/);
      const again = await apply(entry(OAUTH2, { name }, attrs));
      assert.deepEqual(
        again.applied.map((each) => each.state),
        ['unchanged'],
      );
    });

    it('an expression that cannot be read is not stored', async () => {
      const broken = { expression: 'const x = 1;\nreturn (', language: 'javascript' };
      const policies = await count('policies');
      const mappings = await count('property_mappings');
      const answer = await api.admin.post('policies/expression/', { name: 'p', ...broken });
      assert.equal(answer.status, 400);
      assert.match(String(answer.body.expression), /Line 2: /);
      await refusedByBlueprint(
        entry('authentik_policies_expression.expressionpolicy', { name: 'p' }, broken),
        /expression: Line 2: /,
      );
      const scope = { name: 's', scope_name: 's', ...broken };
      assert.equal((await api.admin.post('propertymappings/provider/scope/', scope)).status, 400);
      const prompt = { name: 'f', field_key: 'f', label: 'F', type: 'text', language: 'javascript' };
      const asks = { ...prompt, initial_value: 'return (', initial_value_expression: true };
      const asked = await api.admin.post('stages/prompt/prompts/', asks);
      assert.ok(asked.body.initial_value, JSON.stringify(asked.body));
      assert.equal(await count('policies'), policies);
      assert.equal(await count('property_mappings'), mappings);
      const text = await api.admin.post('stages/prompt/prompts/', { ...prompt, initial_value: 'return (' });
      assert.equal(text.status, 201, 'text that is no expression may say what it likes');
    });

    it('one that can be read is, also in Python, and changes are looked at too', async () => {
      const python = { name: 'python', expression: 'return request.user.is_active and True' };
      const stored = await api.admin.post<{ pk: string }>('policies/expression/', python);
      assert.equal(stored.status, 201);
      const path = `policies/expression/${stored.body.pk}/`;
      const changed = await api.admin.patch(path, { language: 'javascript' });
      assert.ok(changed.body.expression, 'the same text is no JavaScript');
      assert.equal((await api.admin.patch(path, { expression: 'return 1', language: 'javascript' })).status, 200);
      const text = entry(
        'authentik_policies_expression.expressionpolicy',
        { name: 'python' },
        { expression: 'return (' },
      );
      await refusedByBlueprint(text, /expression: Line 1: /);
      await assert.rejects(
        api.app.blueprints.validate({ name: 'a.yaml', text, trusted: false }),
        /expression: Line 1: /,
      );
      assert.equal((await api.admin.get(path)).body.expression, 'return 1');
    });
  });
}

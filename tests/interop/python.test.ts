/** The Python of the tutorial, to the letter, with PyJWT and FastAPI, against tokens of ours. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as oidc from 'openid-client';
import { type OAuth2Client, startOstiary, type TestOstiary } from '../environment/ostiary.ts';
import { comeBack, discover } from './code-flow.ts';
import { makePython, type Python } from './python.ts';

const TUTORIAL = join(import.meta.dirname, '..', '..', 'examples', 'todo', 'README.md');
const HOUR_MILLISECONDS = 3600 * 1000;

type Answer = { status: number; sub: string | null; challenge: string };

describe('An API in Python', () => {
  let python: Python;
  let ostiary: TestOstiary;
  let todo: OAuth2Client;
  let other: OAuth2Client;
  let hoursAgo = 0;
  before(async () => {
    const now = (): number => Date.now() - hoursAgo * HOUR_MILLISECONDS;
    [python, ostiary] = await Promise.all([makePython(['fastapi', 'httpx', 'pyjwt[crypto]']), startOstiary({ now })]);
    const [, code] = /```python\n([\s\S]*?)```/.exec(readFileSync(TUTORIAL, 'utf8')) ?? [];
    assert.ok(code, 'the tutorial shows the check in Python');
    writeFileSync(join(python.folder, 'app.py'), code);
    copyFileSync(join(import.meta.dirname, 'ask.py'), join(python.folder, 'ask.py'));
    todo = await ostiary.oauth2('todo-app');
    other = await ostiary.oauth2('other-app');
    await ostiary.person('ann');
  });
  after(async () => {
    await ostiary?.stop();
    python?.remove();
  });

  const ask = async (given: string[], audience = todo.clientId, issuer = todo.issuer): Promise<Answer[]> => {
    const environment = { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience };
    return JSON.parse(await python.run('ask.py', given.join('\n'), environment)) as Answer[];
  };

  async function tokens(client: OAuth2Client): Promise<{ access: string; sub: string }> {
    const config = await discover(client, oidc.ClientSecretBasic(client.clientSecret), -hoursAgo * 3600);
    const { back, checks } = await comeBack(config, await ostiary.signedIn('ann'), client.redirectUri);
    const answer = await oidc.authorizationCodeGrant(config, back, checks);
    return { access: answer.access_token, sub: answer.claims()?.sub ?? '' };
  }

  test('lets our token in, and knows the person by the subject', async () => {
    const { access, sub } = await tokens(todo);
    assert.deepEqual(await ask([access]), [{ status: 200, sub, challenge: '' }]);
  });

  test('refuses what is expired, for another audience, of another issuer, changed or made up', async () => {
    const { access } = await tokens(todo);
    const foreign = await tokens(other);
    const [head = '', body = '', signature = ''] = access.split('.');
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
    const text = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const keys = await (await fetch(`${todo.issuer}jwks/`)).text();
    const hmacHead = text({ ...(JSON.parse(Buffer.from(head, 'base64url').toString()) as object), alg: 'HS256' });
    const hmac = createHmac('sha256', keys).update(`${hmacHead}.${body}`).digest('base64url');
    const refused = {
      'another application': foreign.access,
      'another subject': `${head}.${text({ ...claims, sub: 'somebody else' })}.${signature}`,
      'no signature': `${head}.${body}.`,
      'no algorithm': `${text({ alg: 'none', typ: 'JWT' })}.${body}.`,
      'the public keys as a secret': `${hmacHead}.${body}.${hmac}`,
      'no token at all': 'nonsense',
    };
    const answers = await ask(Object.values(refused));
    for (const [index, name] of Object.keys(refused).entries()) {
      assert.equal(answers[index]?.status, 401, name);
      assert.match(answers[index]?.challenge ?? '', /error="invalid_token".*is invalid/, name);
    }
    assert.equal((await ask([access], 'another-audience'))[0]?.status, 401);
    assert.equal((await ask([access], todo.clientId, other.issuer))[0]?.status, 401);
  });

  test('tells an expired token apart', async () => {
    hoursAgo = 3;
    const { access } = await tokens(todo).finally(() => (hoursAgo = 0));
    const [answer] = await ask([access]);
    assert.equal(answer?.status, 401);
    assert.match(answer?.challenge ?? '', /expired/);
  });
});

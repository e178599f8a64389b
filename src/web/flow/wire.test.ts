import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import * as consent from '../../stages/consent/consent.wire.ts';
import * as dummy from '../../stages/dummy/dummy.wire.ts';
import * as identification from '../../stages/identification/identification.wire.ts';
import * as password from '../../stages/password/password.wire.ts';
import * as prompt from '../../stages/prompt/prompt.wire.ts';
import * as userLogin from '../../stages/user-login/user-login.wire.ts';
import { challengeFrame, flowInfo, flowLayouts } from '../kit/challenge.wire.ts';
import * as endings from './endings.wire.ts';
import { examples } from './examples.fixture.ts';

interface Shape {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
  readonly enum?: readonly string[];
}

/** The schemas of the API document that clients are generated from. */
function published(): Readonly<Record<string, Shape>> {
  const path = createRequire(import.meta.url).resolve('@goauthentik/api/schema.yml');
  const lines = readFileSync(path, 'utf8');
  const document = parse(lines.slice(lines.indexOf('\ncomponents:'))) as {
    components: { schemas: Record<string, Shape> };
  };
  return document.components.schemas;
}

// The flow adds these to every challenge, and `component` has a default there.
const ofTheFrame = new Set(['flow_info', 'response_errors', 'component']);

const challenges = {
  IdentificationChallenge: identification.identificationChallenge,
  LoginSource: identification.loginSource,
  PasswordChallenge: password.passwordChallenge,
  ConsentChallenge: consent.consentChallenge,
  ConsentPermission: consent.consentPermission,
  PromptChallenge: prompt.promptChallenge,
  StagePrompt: prompt.promptField,
  UserLoginChallenge: userLogin.userLoginChallenge,
  DummyChallenge: dummy.dummyChallenge,
  AccessDeniedChallenge: endings.accessDeniedChallenge,
  FlowErrorChallenge: endings.flowErrorChallenge,
  SessionEndChallenge: endings.sessionEndChallenge,
  RedirectChallenge: endings.redirectChallenge,
  AutosubmitChallenge: endings.autosubmitChallenge,
  OAuthDeviceCodeFinishChallenge: endings.deviceCodeFinishChallenge,
  ContextualFlowInfo: flowInfo,
};
const answers = {
  IdentificationChallengeResponseRequest: identification.identificationAnswer,
  PasswordChallengeResponseRequest: password.passwordAnswer,
  ConsentChallengeResponseRequest: consent.consentAnswer,
  UserLoginChallengeResponseRequest: userLogin.userLoginAnswer,
  DummyChallengeResponseRequest: dummy.dummyAnswer,
  OAuthDeviceCodeChallengeResponseRequest: endings.deviceCodeAnswer,
};

describe('the wire', () => {
  const schemas = published();

  for (const [name, build] of Object.entries({ ...challenges, ...answers })) {
    it(`has the fields of ${name}, and requires the same ones`, () => {
      const ours = z.toJSONSchema(build(), { io: 'input', unrepresentable: 'any' }) as Shape;
      const theirs = schemas[name];
      assert.ok(theirs, 'is published');
      const fields = (shape: Shape): string[] =>
        Object.keys(shape.properties ?? {})
          .filter((field) => !ofTheFrame.has(field))
          .sort();
      assert.deepEqual(fields(ours), fields(theirs));
      const required = (shape: Shape): string[] =>
        (shape.required ?? []).filter((field) => !ofTheFrame.has(field)).sort();
      assert.deepEqual(required(ours), required(theirs));
    });
  }

  it('knows the published types of a prompt and layouts of a flow', () => {
    assert.deepEqual([...prompt.promptTypes], schemas['PromptTypeEnum']?.enum);
    assert.deepEqual([...flowLayouts], schemas['ContextualFlowInfoLayoutEnum']?.enum);
  });

  it('reads the challenges that the screens are shown', () => {
    const builders: readonly (() => z.ZodType)[] = [
      ...Object.values(challenges),
      endings.confirmChallenge,
      endings.deviceCodeChallenge,
    ];
    for (const [name, example] of Object.entries(examples)) {
      const fitting = builders.filter((build) => build().safeParse(example.challenge).success);
      assert.equal(fitting.length, 1, name);
      assert.ok(challengeFrame().safeParse(example.challenge).success, name);
    }
  });

  it('takes an answer from JSON and from a form alike', () => {
    const answer = userLogin.userLoginAnswer();
    for (const [sent, read] of [
      [true, true],
      [false, false],
      ['true', true],
      ['false', false],
    ] as const) {
      assert.equal(answer.parse({ remember_me: sent }).remember_me, read);
    }
    assert.equal(answer.safeParse({}).success, false);
    assert.equal(password.passwordAnswer().safeParse({ password: '' }).success, false);
  });
});

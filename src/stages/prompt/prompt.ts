/**
 * Asks a person to fill in fields, and keeps the answers in `prompt_data` of the run. Owns prompts and what may be
 * answered to them. Does not own what becomes of the answers: a later stage writes them.
 */
import type { Json } from '../../core/declaration.ts';
import { userByIdentifier } from '../../core/users.ts';
import { ask, defineStage, fieldError, type Outcome, type StageRun } from '../stage.ts';
import { judgeAnswers } from './prompt-answers.ts';
import { fieldsOf } from './prompt-fields.ts';
import { promptStageModel } from './prompt.model.ts';
import { promptScreen } from './prompt.screen.ts';
import { loadPrompts } from './prompt.store.ts';
import type { PromptField } from './prompt.wire.ts';

export { promptModel, promptPart } from './prompt.model.ts';

type Run = StageRun<typeof promptStageModel.fields>;

/** Asks for the fields of its prompts. A password goes on as `{ hash }`, never as it was typed. */
export const prompt = defineStage({
  kind: 'prompt',
  path: 'stages/prompt/stages',
  declaration: promptStageModel,
  screen: promptScreen as never,
  async challenge(run) {
    const fields = await fieldsToShow(run);
    return fields ? ask({ component: 'ak-stage-prompt', fields }) : NOT_SET_UP;
  },
  async respond(run, answer) {
    const fields = await fieldsToShow(run);
    if (!fields) return NOT_SET_UP;
    const { values, errors } = judgeAnswers(fields, answer);
    if (Object.keys(errors).length > 0) return { type: 'retry', errors };
    const taken = await takenUsername(run, fields, values);
    if (taken !== undefined) {
      return { type: 'retry', errors: fieldError(taken, 'This username is already taken.', 'unique') };
    }
    // The policies see the passwords; nobody after them does.
    const before = run.context.prompt_data;
    const verdict = await run.judge(run.settings.validation_policies, { prompt_data: { ...before, ...values } });
    if (!verdict.passing) return { type: 'retry', errors: refusal(verdict.messages) };
    return { type: 'next', context: { prompt_data: { ...before, ...(await withHashes(run, fields, values)) } } };
  },
});

const NOT_SET_UP: Outcome = {
  type: 'deny',
  message: 'This page is not set up correctly. Tell your administrator; the log says why.',
};

async function fieldsToShow(run: Run): Promise<PromptField[] | undefined> {
  try {
    return await fieldsOf(run, await loadPrompts(run.core, run.settings.fields));
  } catch (err) {
    const { core, stageId, flow, request } = run;
    const details = { err, stage: stageId, flow: flow.slug, request_id: request.requestId };
    core.log.error(details, `a prompt cannot be shown: ${err instanceof Error ? err.message : String(err)}`);
    return undefined;
  }
}

/** The first field that asks for a username and was given somebody else's. */
async function takenUsername(
  { core, pendingUser }: Run,
  fields: readonly PromptField[],
  values: Readonly<Record<string, Json>>,
): Promise<string | undefined> {
  for (const { type, field_key } of fields) {
    const value = values[field_key];
    if ((type !== 'username' && field_key !== 'username') || typeof value !== 'string' || value === '') continue;
    const owner = await userByIdentifier(core.database, value, ['username']);
    if (owner && owner.pk !== pendingUser?.pk) return field_key;
  }
  return undefined;
}

function refusal(messages: readonly string[]): Record<string, { string: string; code: string }[]> {
  const told = messages.length > 0 ? messages : ['These answers are not allowed.'];
  return { non_field_errors: told.map((string) => ({ string, code: 'invalid' })) };
}

/** All passwords of a stage are the same, so one hash stands for all. */
async function withHashes(
  { core }: Run,
  fields: readonly PromptField[],
  values: Readonly<Record<string, Json>>,
): Promise<Record<string, Json>> {
  const keys = new Set(fields.filter(({ type }) => type === 'password').map(({ field_key }) => field_key));
  const typed = Object.entries(values).find(([key]) => keys.has(key))?.[1];
  if (typeof typed !== 'string') return values;
  const hash = await core.passwords.hash(typed);
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, keys.has(key) ? { hash } : value]));
}

/**
 * A program that goes through flows by the executor's JSON. Owns the making of flows from stages for tests, and the
 * cookies of one client.
 */
import type { Declaration } from '../../src/core/declaration.ts';
import { flowModel, flowStageBindingModel } from '../../src/core/models/flow.ts';
import { createSession } from '../../src/core/sessions.ts';
import { sessionCookie } from '../../src/http/cookies.ts';
import type { RunContext } from '../../src/stages/stage.ts';
import type { TestOstiary } from './ostiary.ts';

type Settings = Record<string, unknown>;
/** A challenge, or `xak-flow-redirect` at the end. */
export type Shown = { status: number; component: string } & Record<string, unknown>;

/** Makes a flow of these stages, each a declaration with its settings, and returns the identifiers of the stages. */
export async function makeFlow(
  ostiary: TestOstiary,
  flow: { slug: string } & Settings,
  stages: readonly (readonly [{ declaration: Declaration }, Settings])[],
): Promise<string[]> {
  const { id } = await ostiary.make(flowModel, {
    name: flow.slug,
    title: flow.slug,
    designation: 'enrollment',
    ...flow,
  } as never);
  const ids: string[] = [];
  for (const [order, [{ declaration }, settings]] of stages.entries()) {
    const stage = await ostiary.make(declaration, { name: `${flow.slug} ${order}`, ...settings } as never);
    await ostiary.make(flowStageBindingModel, { target: id, stage: stage.id, order } as never);
    ids.push(stage.id);
  }
  return ids;
}

/** One client in one flow. */
export class FlowClient {
  readonly #address: string;
  readonly #cookies = new Map<string, string>();

  constructor(ostiary: TestOstiary, slug: string) {
    this.#address = `${ostiary.url}/api/v3/flows/executor/${slug}/`;
  }

  /** Gives this client a session of the person, as if they had signed in. Returns the session's identifier. */
  async signIn({ core }: TestOstiary, userPk: number): Promise<string> {
    const { id, token } = await core.database.write((transaction) =>
      createSession(transaction, core.now(), {
        userPk,
        lifetimeMilliseconds: 3_600_000,
        methods: ['pwd'],
        address: '127.0.0.1',
        userAgent: 'test',
        binding: {},
      }),
    );
    this.#cookies.set(sessionCookie, token);
    return id;
  }

  /** What the run of this client has gathered so far. Throws when nothing has been answered yet. */
  async gathered({ core }: TestOstiary): Promise<RunContext> {
    const id = this.#cookies.get('ostiary_run')?.split('.').at(-1) ?? '';
    const row = await core.database.read
      .selectFrom('flow_runs')
      .select('state')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    return (JSON.parse(row.state) as { context: RunContext }).context;
  }

  /** Where the run stands. */
  look(): Promise<Shown> {
    return this.#send({ method: 'GET' });
  }

  /** Answers, as JSON or as the text of a form. */
  answer(body: Settings | string): Promise<Shown> {
    const isForm = typeof body === 'string';
    return this.#send({
      method: 'POST',
      body: isForm ? body : JSON.stringify(body),
      headers: { 'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json' },
    });
  }

  async #send(init: RequestInit): Promise<Shown> {
    const headers = new Headers(init.headers);
    headers.set('accept', 'application/json');
    if (this.#cookies.size > 0) {
      headers.set('cookie', [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    }
    const response = await fetch(this.#address, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const equals = pair.indexOf('=');
      if (/max-age=0/i.test(line)) this.#cookies.delete(pair.slice(0, equals));
      else this.#cookies.set(pair.slice(0, equals), pair.slice(equals + 1));
    }
    if (response.status === 302) return this.look();
    const text = await response.text();
    return { ...(JSON.parse(text) as { component: string }), status: response.status };
  }
}

/** The messages of all errors of an answer, by field. */
export function errorsOf(shown: Shown): Record<string, string[]> {
  const errors = (shown.response_errors ?? {}) as Record<string, { string: string }[]>;
  return Object.fromEntries(Object.entries(errors).map(([field, all]) => [field, all.map((each) => each.string)]));
}

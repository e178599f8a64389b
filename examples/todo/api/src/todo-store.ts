import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Tables, TodoRow } from './database.ts';

/** A todo as the API shows it. Times are ISO 8601 in UTC. */
export type Todo = {
  readonly id: string;
  readonly title: string;
  readonly description: string | null;
  readonly completed: boolean;
  readonly created_at: string;
  readonly updated_at: string;
};

/** What a person says about a todo. */
export type TodoContent = { readonly title: string; readonly description: string | null; readonly completed: boolean };

/** A list is answered whole, so it has a bound. */
export const MOST_TODOS_PER_PERSON = 500;

/** The only place that speaks SQL about todos. Every statement names the owner, so none can reach another person's. */
export class TodoStore {
  readonly #database: Kysely<Tables>;

  constructor(database: Kysely<Tables>) {
    this.#database = database;
  }

  /** Fails when the database does not answer. */
  async ping(): Promise<void> {
    await sql`select 1`.execute(this.#database);
  }

  /** The person's todos, the newest first. */
  async list(owner: string): Promise<Todo[]> {
    const rows = await this.#database
      .selectFrom('todos')
      .selectAll()
      .where('owner', '=', owner)
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(MOST_TODOS_PER_PERSON)
      .execute();
    return rows.map(toTodo);
  }

  /** Adds a todo, or answers undefined when the person's list is full. */
  async add(owner: string, content: TodoContent): Promise<Todo | undefined> {
    const now = Date.now();
    const row: TodoRow = {
      id: randomUUID(),
      owner,
      title: content.title,
      description: content.description,
      completed: Number(content.completed),
      created_at: now,
      updated_at: now,
    };
    // Two requests at once may pass the bound together by one; it guards the size of an answer, so that does no harm.
    const count = await this.#database
      .selectFrom('todos')
      .select((expression) => expression.fn.countAll().as('count'))
      .where('owner', '=', owner)
      .executeTakeFirstOrThrow();
    if (Number(count.count) >= MOST_TODOS_PER_PERSON) return undefined;
    await this.#database.insertInto('todos').values(row).execute();
    return toTodo(row);
  }

  /** Changes what is given and leaves the rest. Undefined when the person has no todo of that id. */
  async change(owner: string, id: string, change: Partial<TodoContent>): Promise<Todo | undefined> {
    const { completed, ...texts } = change;
    const row = await this.#database
      .updateTable('todos')
      .set({ ...texts, ...(completed === undefined ? {} : { completed: Number(completed) }), updated_at: Date.now() })
      .where('id', '=', id)
      .where('owner', '=', owner)
      .returningAll()
      .executeTakeFirst();
    return row && toTodo(row);
  }

  /** Whether there was such a todo to delete. */
  async remove(owner: string, id: string): Promise<boolean> {
    const row = await this.#database
      .deleteFrom('todos')
      .where('id', '=', id)
      .where('owner', '=', owner)
      .returning('id')
      .executeTakeFirst();
    return row !== undefined;
  }
}

function toTodo(row: TodoRow): Todo {
  return {
    id: row.id,
    title: row.title,
    description: row.description,
    completed: row.completed === 1,
    created_at: new Date(Number(row.created_at)).toISOString(),
    updated_at: new Date(Number(row.updated_at)).toISOString(),
  };
}

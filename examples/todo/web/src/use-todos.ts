import { useCallback, useEffect, useState } from 'react';
import { TodoFault } from './todo-api.ts';
import type { Todo, TodoApi, TodoDraft } from './todo-api.ts';

/** The list as far as it is known. */
export type TodoList =
  | { readonly status: 'loading' }
  | { readonly status: 'failed'; readonly fault: string }
  | { readonly status: 'ready'; readonly todos: readonly Todo[] };

/** The list and what can be done with it. Every action answers the words of its fault, or undefined when it worked. */
export type Todos = {
  readonly list: TodoList;
  reload(): Promise<void>;
  add(draft: TodoDraft): Promise<string | undefined>;
  change(id: string, change: Partial<TodoDraft>): Promise<string | undefined>;
  remove(id: string): Promise<string | undefined>;
};

/** Loads the list, and keeps what is shown in step with what the API has confirmed. */
export function useTodos(api: TodoApi): Todos {
  const [list, setList] = useState<TodoList>({ status: 'loading' });

  const update = useCallback((change: (todos: readonly Todo[]) => readonly Todo[]) => {
    setList((current) => (current.status === 'ready' ? { status: 'ready', todos: change(current.todos) } : current));
  }, []);

  const load = useCallback(async (): Promise<TodoList> => {
    try {
      return { status: 'ready', todos: await api.list() };
    } catch (fault) {
      return { status: 'failed', fault: wordsOf(fault) };
    }
  }, [api]);

  useEffect(() => {
    let isWanted = true;
    const begin = async (): Promise<void> => {
      const loaded = await load();
      if (isWanted) setList(loaded);
    };
    void begin();
    return () => {
      isWanted = false;
    };
  }, [load]);

  return {
    list,
    reload: async () => {
      setList({ status: 'loading' });
      setList(await load());
    },
    add: (draft) =>
      attempt(async () => {
        const made = await api.add(draft);
        update((todos) => [made, ...todos]);
      }),
    change: (id, change) =>
      attempt(async () => {
        const changed = await api.change(id, change);
        update((todos) => todos.map((todo) => (todo.id === id ? changed : todo)));
      }),
    remove: (id) =>
      attempt(async () => {
        await api.remove(id);
        update((todos) => todos.filter((todo) => todo.id !== id));
      }),
  };
}

async function attempt(action: () => Promise<void>): Promise<string | undefined> {
  try {
    await action();
    return undefined;
  } catch (fault) {
    return wordsOf(fault);
  }
}

function wordsOf(fault: unknown): string {
  return fault instanceof TodoFault ? fault.message : 'Something went wrong on this page. Please load it again.';
}

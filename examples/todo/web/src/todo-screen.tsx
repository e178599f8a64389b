import { useRef, useState } from 'react';
import type { ReactElement } from 'react';
import { Cross, Mark } from './icons.tsx';
import type { Todo, TodoApi } from './todo-api.ts';
import { TodoForm } from './todo-form.tsx';
import { TodoRow } from './todo-row.tsx';
import { useTodos } from './use-todos.ts';

type TodoScreenProps = { readonly api: TodoApi; readonly name: string; readonly onSignOut: () => void };

/** The person's list. */
export function TodoScreen({ api, name, onSignOut }: TodoScreenProps): ReactElement {
  const { list, reload, add, change, remove } = useTodos(api);
  const [deleted, setDeleted] = useState<Todo>();
  const [fault, setFault] = useState<string>();
  const heading = useRef<HTMLHeadingElement>(null);

  async function removeTodo(todo: Todo): Promise<void> {
    const refusal = await remove(todo.id);
    setFault(refusal);
    if (refusal !== undefined) return;
    setDeleted(todo);
    // The button that had the focus is gone.
    heading.current?.focus();
  }

  async function undo(todo: Todo): Promise<void> {
    setDeleted(undefined);
    setFault(await add({ title: todo.title, description: todo.description, completed: todo.completed }));
    heading.current?.focus();
  }

  return (
    <div className="page">
      <header className="top">
        <span className="brand">
          <Mark />
          Todos
        </span>
        <span className="person">
          <span className="initial" aria-hidden="true">
            {Array.from(name)[0]?.toLocaleUpperCase()}
          </span>
          <span className="person-name">{name}</span>
          <button type="button" className="quiet" onClick={onSignOut}>
            Sign out
          </button>
        </span>
      </header>
      <main>
        <h1 ref={heading} tabIndex={-1}>
          Your todos
        </h1>
        {list.status === 'ready' && <Summary todos={list.todos} />}
        {list.status === 'failed' ? (
          <div className="notice bad" role="alert">
            <p>{list.fault}</p>
            <button type="button" className="primary" onClick={() => void reload()}>
              Try again
            </button>
          </div>
        ) : (
          <TodoForm onSave={(text) => add({ ...text, completed: false })} />
        )}
        {fault !== undefined && (
          <div className="notice bad" role="alert">
            <p>{fault}</p>
            <button
              type="button"
              className="icon-button"
              aria-label="Close this message"
              onClick={() => setFault(undefined)}
            >
              <Cross />
            </button>
          </div>
        )}
        {list.status === 'loading' && <Loading />}
        {list.status === 'ready' && list.todos.length === 0 && (
          <p className="empty">Nothing here yet. Write down the first thing that is on your mind.</p>
        )}
        {list.status === 'ready' && list.todos.length > 0 && (
          <ul className="card todos" aria-label="Todos">
            {list.todos.map((todo) => (
              <TodoRow
                key={todo.id}
                todo={todo}
                onChange={(changes) => change(todo.id, changes)}
                onRemove={() => removeTodo(todo)}
                onFault={setFault}
              />
            ))}
          </ul>
        )}
      </main>
      <div role="status" className="toast-place">
        {deleted && (
          <div className="toast">
            <p>Deleted “{deleted.title}”</p>
            <button type="button" onClick={() => void undo(deleted)}>
              Undo
            </button>
            <button
              type="button"
              className="icon-button"
              aria-label="Close this message"
              onClick={() => setDeleted(undefined)}
            >
              <Cross />
            </button>
          </div>
        )}
      </div>
    </div>
  );
}

function Summary({ todos }: { todos: readonly Todo[] }): ReactElement {
  const done = todos.filter((todo) => todo.completed).length;
  const words =
    todos.length === 0 ? 'A clear day' : done === todos.length ? 'All done' : `${done} of ${todos.length} done`;
  return (
    <div className="summary">
      <p aria-live="polite">{words}</p>
      {todos.length > 0 && <progress value={done} max={todos.length} aria-label="Share of todos that are done" />}
    </div>
  );
}

function Loading(): ReactElement {
  return (
    <div className="card todos" role="status" aria-label="Loading your todos">
      {[72, 48, 60].map((width) => (
        <svg key={width} className="placeholder" aria-hidden="true">
          <rect width={`${width}%`} height="100%" rx="8" />
        </svg>
      ))}
    </div>
  );
}

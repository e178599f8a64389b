import { useEffect, useRef, useState } from 'react';
import type { ReactElement } from 'react';
import { Bin, Pencil } from './icons.tsx';
import type { Todo, TodoDraft } from './todo-api.ts';
import { TodoForm } from './todo-form.tsx';

type TodoRowProps = {
  readonly todo: Todo;
  /** Both answer the words of a fault, or undefined when it worked. */
  readonly onChange: (change: Partial<TodoDraft>) => Promise<string | undefined>;
  readonly onRemove: () => Promise<void>;
  readonly onFault: (fault: string) => void;
};

/** One todo: to be ticked, changed in its place, or deleted. */
export function TodoRow({ todo, onChange, onRemove, onFault }: TodoRowProps): ReactElement {
  const [isEditing, setEditing] = useState(false);
  /** What the person has just chosen, shown until the API has answered. */
  const [chosen, setChosen] = useState<boolean>();
  const editButton = useRef<HTMLButtonElement>(null);
  const wasEditing = useRef(false);

  useEffect(() => {
    // Who leaves the form by keyboard goes on where the form was opened.
    if (wasEditing.current && !isEditing) editButton.current?.focus();
    wasEditing.current = isEditing;
  }, [isEditing]);

  async function tick(completed: boolean): Promise<void> {
    if (chosen !== undefined) return;
    setChosen(completed);
    const fault = await onChange({ completed });
    setChosen(undefined);
    if (fault !== undefined) onFault(fault);
  }

  if (isEditing) {
    return (
      <li className="todo">
        <TodoForm
          todo={todo}
          onCancel={() => setEditing(false)}
          onSave={async (text) => {
            const fault = await onChange(text);
            if (fault === undefined) setEditing(false);
            return fault;
          }}
        />
      </li>
    );
  }

  const isDone = chosen ?? todo.completed;
  return (
    <li className={isDone ? 'todo done' : 'todo'}>
      <label className="todo-tick">
        <input type="checkbox" checked={isDone} onChange={(event) => void tick(event.target.checked)} />
        <span className="todo-title">{todo.title}</span>
      </label>
      {todo.description !== null && <p className="todo-description">{todo.description}</p>}
      <div className="todo-actions">
        <button
          ref={editButton}
          type="button"
          className="icon-button"
          aria-label={`Edit ${todo.title}`}
          title="Edit"
          onClick={() => setEditing(true)}
        >
          <Pencil />
        </button>
        <button
          type="button"
          className="icon-button danger"
          aria-label={`Delete ${todo.title}`}
          title="Delete"
          onClick={() => void onRemove()}
        >
          <Bin />
        </button>
      </div>
    </li>
  );
}

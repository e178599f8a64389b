import { useId, useRef, useState } from 'react';
import type { KeyboardEvent, ReactElement, SyntheticEvent } from 'react';
import type { Todo } from './todo-api.ts';

type TodoText = { title: string; description: string | null };

type TodoFormProps = {
  /** The todo that is changed; without one the form is for a new todo. */
  readonly todo?: Todo;
  /** Answers the words of a fault, or undefined when it worked. */
  readonly onSave: (text: TodoText) => Promise<string | undefined>;
  readonly onCancel?: () => void;
};

/** The fields of a todo, both for a new one and for a change. Enter saves, Escape leaves a change. */
export function TodoForm({ todo, onSave, onCancel }: TodoFormProps): ReactElement {
  const [title, setTitle] = useState(todo?.title ?? '');
  const [description, setDescription] = useState(todo?.description ?? '');
  const [hasDetails, setHasDetails] = useState(todo !== undefined);
  const [fault, setFault] = useState<string>();
  const [isSaving, setSaving] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const titleField = useRef<HTMLInputElement>(null);
  const id = useId();

  async function save(event: SyntheticEvent): Promise<void> {
    event.preventDefault();
    if (isSaving) return;
    if (title.trim() === '') {
      setFault('Please write what is to be done.');
      titleField.current?.focus();
      return;
    }
    setSaving(true);
    const refusal = await onSave({ title, description: description.trim() || null });
    setSaving(false);
    setFault(refusal);
    if (refusal !== undefined || todo) return;
    setTitle('');
    setDescription('');
    setHasDetails(false);
    titleField.current?.focus();
  }

  function listenForKeys(event: KeyboardEvent): void {
    if (event.key === 'Escape') onCancel?.();
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.current?.requestSubmit();
  }

  return (
    <form
      ref={form}
      className={todo ? 'todo-form' : 'todo-form card'}
      aria-label={todo ? `Change ${todo.title}` : 'New todo'}
      noValidate
      onSubmit={(event) => void save(event)}
      onKeyDown={listenForKeys}
    >
      <label htmlFor={`${id}-title`}>{todo ? 'Title' : 'What needs doing?'}</label>
      <div className="field-row">
        <input
          ref={titleField}
          id={`${id}-title`}
          value={title}
          maxLength={200}
          autoComplete="off"
          // The person has just asked to change this todo.
          autoFocus={todo !== undefined}
          aria-invalid={fault !== undefined}
          aria-describedby={fault === undefined ? undefined : `${id}-fault`}
          onChange={(event) => {
            setTitle(event.target.value);
            setFault(undefined);
          }}
        />
        {!todo && (
          <button type="submit" className="primary" aria-disabled={isSaving}>
            Add
          </button>
        )}
      </div>
      {fault !== undefined && (
        <p className="field-fault" id={`${id}-fault`} role="alert">
          {fault}
        </p>
      )}
      {hasDetails ? (
        <>
          <label htmlFor={`${id}-description`}>
            Details <span className="optional">(optional)</span>
          </label>
          <textarea
            id={`${id}-description`}
            value={description}
            rows={3}
            maxLength={2000}
            autoFocus={!todo}
            onChange={(event) => setDescription(event.target.value)}
          />
        </>
      ) : (
        <button type="button" className="link" onClick={() => setHasDetails(true)}>
          Add details
        </button>
      )}
      {todo && (
        <div className="form-actions">
          <button type="submit" className="primary" aria-disabled={isSaving}>
            Save
          </button>
          <button type="button" className="quiet" onClick={onCancel}>
            Cancel
          </button>
        </div>
      )}
    </form>
  );
}

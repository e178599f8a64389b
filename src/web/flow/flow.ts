/**
 * The script of the sign-in pages. Every page works without it; it adds comfort: focus on the first error, no second
 * submission, showing a password, a hint about caps lock, going on by itself, remembering a name.
 * A plain module: only erasable types, no imports.
 */

const rememberedName = 'ostiary-name';

/** Storage may be forbidden by the browser's settings; then nothing is remembered. */
function storage(): Storage | undefined {
  try {
    return window.localStorage;
  } catch {
    return undefined;
  }
}

/**
 * The first error gets the focus: the list of errors when there are several, else the field. A single general error is
 * announced by itself, and the next thing to do is to type the password again.
 */
function focusFirstError(): void {
  const summary = document.querySelector<HTMLElement>('.summary');
  const first =
    (summary?.querySelector('a') ? summary : undefined) ??
    document.querySelector<HTMLElement>('[aria-invalid="true"], fieldset:has(.error)') ??
    (summary ? document.querySelector<HTMLElement>('input[type="password"]') : undefined);
  first?.focus();
}

/** A form is sent once. The buttons stay focusable, and their names and values are sent. */
function sendOnce(form: HTMLFormElement): void {
  let sent = false;
  form.addEventListener('submit', (event) => {
    if (sent) {
      event.preventDefault();
      return;
    }
    sent = true;
    form.setAttribute('aria-busy', 'true');
    for (const button of form.querySelectorAll('button[type="submit"]')) button.setAttribute('aria-disabled', 'true');
  });
  // A page that comes back from the browser's memory ("Back") must be usable again.
  window.addEventListener('pageshow', (event) => {
    if (!event.persisted) return;
    sent = false;
    form.removeAttribute('aria-busy');
    for (const button of form.querySelectorAll('button[type="submit"]')) button.removeAttribute('aria-disabled');
  });
}

/** A button beside the password that shows and hides it. Hidden again before it is sent, so that no browser keeps it. */
function addReveal(box: HTMLElement): void {
  const input = box.querySelector('input');
  if (!input) return;
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'reveal';
  button.setAttribute('aria-controls', input.id);
  const show = (visible: boolean): void => {
    input.type = visible ? 'text' : 'password';
    button.textContent = visible ? 'Hide' : 'Show';
    button.setAttribute('aria-label', visible ? 'Hide password' : 'Show password');
  };
  show(false);
  button.addEventListener('click', () => {
    show(input.type === 'password');
    input.focus();
  });
  input.form?.addEventListener('submit', () => show(false));
  box.append(button);
}

/** Says that caps lock is on, politely, while the password is being typed. */
function hintCapsLock(input: HTMLInputElement): void {
  const hint = document.createElement('p');
  hint.className = 'hint caps-lock';
  hint.setAttribute('role', 'status');
  input.closest('.field')?.append(hint);
  const look = (event: KeyboardEvent): void => {
    const on = event.getModifierState?.('CapsLock') ?? false;
    const words = on ? 'Caps lock is on.' : '';
    if (hint.textContent !== words) hint.textContent = words;
  };
  input.addEventListener('keydown', look);
  input.addEventListener('keyup', look);
  input.addEventListener('blur', () => {
    hint.textContent = '';
  });
}

/** Keeps the name that was typed in this browser, when the person wants that. */
function rememberName(box: HTMLElement): void {
  const checkbox = box.querySelector('input');
  const field = document.querySelector<HTMLInputElement>('input[name="uid_field"]');
  const store = storage();
  if (!checkbox || !field || !store) return;
  const kept = store.getItem(rememberedName);
  checkbox.checked = kept !== null;
  if (kept !== null && field.value === '') {
    field.value = kept;
    // The name is known, so the password is next.
    field.form?.querySelector<HTMLInputElement>('input[type="password"]')?.focus();
  }
  box.hidden = false;
  field.form?.addEventListener('submit', () => {
    if (checkbox.checked && field.value !== '') store.setItem(rememberedName, field.value);
    else store.removeItem(rememberedName);
  });
}

/** What needs no answer goes on by itself. A page that comes back by "Back" does not, so that nobody is trapped. */
function goOn(): void {
  const entry = performance.getEntriesByType('navigation')[0];
  if (entry instanceof PerformanceNavigationTiming && entry.type === 'back_forward') return;
  const form = document.querySelector<HTMLFormElement>('form[data-autosubmit]');
  // A field may be called "submit" and would stand in front of the method.
  if (form) HTMLFormElement.prototype.submit.call(form);
  const link = document.querySelector<HTMLAnchorElement>('a[data-redirect]');
  if (link) window.location.replace(link.href);
}

for (const form of document.querySelectorAll<HTMLFormElement>('form[method="post"]')) sendOnce(form);
for (const box of document.querySelectorAll<HTMLElement>('.password')) {
  if (box.hasAttribute('data-revealable')) addReveal(box);
  const input = box.querySelector('input');
  if (input) hintCapsLock(input);
}
for (const box of document.querySelectorAll<HTMLElement>('[data-remember]')) rememberName(box);
focusFirstError();
goOn();

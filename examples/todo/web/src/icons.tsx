import type { ReactElement, ReactNode } from 'react';

/** Drawings that say nothing by themselves: every button that shows one has a label. */
function Drawing({ children }: { children: ReactNode }): ReactElement {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export function Mark(): ReactElement {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="10" />
      <path d="M9.5 16.8l4.4 4.4 8.8-9.6" />
    </svg>
  );
}

export function Pencil(): ReactElement {
  return (
    <Drawing>
      <path d="M4 20l1-4.5L16.2 4.3a1.6 1.6 0 0 1 2.3 0l1.2 1.2a1.6 1.6 0 0 1 0 2.3L8.5 19 4 20z" />
      <path d="M14.2 6.3l3.5 3.5" />
    </Drawing>
  );
}

export function Bin(): ReactElement {
  return (
    <Drawing>
      <path d="M4.5 7h15M9.5 7V4.8c0-.5.4-.8.8-.8h3.4c.4 0 .8.3.8.8V7M6.5 7l.8 12c0 .6.5 1 1 1h7.4c.5 0 1-.4 1-1l.8-12" />
      <path d="M10.2 11v5M13.8 11v5" />
    </Drawing>
  );
}

export function Cross(): ReactElement {
  return (
    <Drawing>
      <path d="M6.5 6.5l11 11M17.5 6.5l-11 11" />
    </Drawing>
  );
}

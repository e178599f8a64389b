import type { ReactElement } from 'react';
import { Mark } from './icons.tsx';

type SignInScreenProps = {
  /** Why the person is here, when there is something to say. */
  readonly notice: string | undefined;
  readonly issuer: string;
  readonly onSignIn: () => void;
};

/** The page for those who are not signed in. */
export function SignInScreen({ notice, issuer, onSignIn }: SignInScreenProps): ReactElement {
  return (
    <main className="welcome">
      <div className="card welcome-card">
        <Mark />
        <h1>Your todos</h1>
        <p className="lead">A quiet place for what you want to get done. Only you see your list.</p>
        {notice !== undefined && (
          <p className="notice" role="alert">
            {notice}
          </p>
        )}
        <button type="button" className="primary wide" onClick={onSignIn}>
          Sign in
        </button>
        <p className="hint">
          You will go to <strong>{new URL(issuer).host}</strong> to sign in, and come back here.
        </p>
      </div>
    </main>
  );
}

/** What is shown on the way, and when the page could not begin. */
export function WaitingScreen({ words }: { words: string }): ReactElement {
  return (
    <main className="welcome">
      <p className="waiting" role="status">
        <Mark />
        {words}
      </p>
    </main>
  );
}

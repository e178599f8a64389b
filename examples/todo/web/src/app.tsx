import { useEffect, useSyncExternalStore } from 'react';
import type { ReactElement } from 'react';
import type { Session } from './session.ts';
import { SignInScreen, WaitingScreen } from './sign-in-screen.tsx';
import type { TodoApi } from './todo-api.ts';
import { TodoScreen } from './todo-screen.tsx';

type AppProps = { readonly session: Session; readonly api: TodoApi; readonly issuer: string };

/** Shows the screen that the state of the session asks for. */
export function App({ session, api, issuer }: AppProps): ReactElement {
  const state = useSyncExternalStore(
    (subscriber) => session.subscribe(subscriber),
    () => session.state,
  );
  useEffect(() => void session.start(), [session]);

  switch (state.status) {
    case 'starting':
      return <WaitingScreen words="One moment…" />;
    case 'leaving':
      return (
        <WaitingScreen words={state.toward === 'sign-in' ? 'Taking you to the sign-in service…' : 'Signing you out…'} />
      );
    case 'signed-out':
      return <SignInScreen notice={state.notice} issuer={issuer} onSignIn={() => void session.signIn()} />;
    case 'signed-in':
      // Another person gets a fresh screen, with nothing of the one before.
      return <TodoScreen key={state.subject} api={api} name={state.name} onSignOut={() => void session.signOut()} />;
  }
}

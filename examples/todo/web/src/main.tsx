import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { Session } from './session.ts';
import { loadSettings } from './settings.ts';
import { WaitingScreen } from './sign-in-screen.tsx';
import { TodoApi } from './todo-api.ts';
import { createUserManager } from './user-manager.ts';

async function begin(place: HTMLElement): Promise<void> {
  const settings = await loadSettings();
  const manager = createUserManager(settings);
  if (window.parent !== window) {
    // This is the hidden frame of a silent renewal: hand the answer to the page around it, and draw nothing.
    await manager.signinSilentCallback();
    return;
  }
  // A page that the browser kept while the person was at the provider would still say that it is leaving.
  window.addEventListener('pageshow', (event) => event.persisted && window.location.reload());

  const session = new Session(manager);
  const api = new TodoApi(settings.apiUrl, session);
  createRoot(place).render(
    <StrictMode>
      <App session={session} api={api} issuer={settings.issuer} />
    </StrictMode>,
  );
}

const place = document.getElementById('root');
if (place) {
  begin(place).catch((fault: unknown) => {
    console.error(fault);
    createRoot(place).render(<WaitingScreen words="This page could not begin. Please load it again in a moment." />);
  });
}

import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import type { Plugin } from 'vite';
import { browserSettings, readTodoWebConfig } from './config.ts';

/** `vite dev` gives the page its settings in the same way as serve.ts does. */
function settingsFromEnvironment(): Plugin {
  return {
    name: 'todo-settings',
    configureServer(server) {
      const config = readTodoWebConfig(process.env);
      server.middlewares.use('/config.json', (_request, response) => {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(browserSettings(config)));
      });
    },
  };
}

export default defineConfig({
  plugins: [react(), settingsFromEnvironment()],
  server: { port: 3000, strictPort: true },
  build: { target: 'es2023', modulePreload: { polyfill: false } },
});

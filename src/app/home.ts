/** `/`, and the page of somebody who has signed in: their applications, and the way out. */
import type { FastifyInstance } from 'fastify';
import type { Access } from '../access/access.ts';
import { applicationsByName } from '../core/applications.ts';
import type { Core } from '../core/core.ts';
import { setupState } from '../core/setup.ts';
import type { Flow } from '../flow/door.ts';
import { html, safeUrl } from '../web/kit/html.ts';
import type { Pages } from './pages.ts';
import { SETUP_PATH } from './setup-page.ts';

const HOME = '/if/user/';
/** As many as fit a page; the interface has the whole list. */
const MOST_APPLICATIONS = 200;

/** Adds `/` and the page. */
export function mountHome(server: FastifyInstance, core: Core, access: Access, flow: Flow, pages: Pages): void {
  server.get('/', async (_request, reply) => {
    return reply.redirect((await setupState(core)) === 'open' ? SETUP_PATH : HOME, 302);
  });
  server.get(HOME, async (request, reply) => {
    const { session, clientAddress } = await flow.facts(request);
    if (!session) return reply.redirect(`/flows/-/default/authentication/?next=${encodeURIComponent(HOME)}`, 302);
    const applications = await applicationsByName(core, MOST_APPLICATIONS);
    const open = [];
    for (const application of applications) {
      if (application.values.meta_hide || !safeUrl(application.values.meta_launch_url)) continue;
      if ((await access.mayEnter(session.user, application, { clientAddress })).passing) open.push(application.values);
    }
    const page = await pages.plain(request, reply, {
      title: 'Your applications',
      main: html`<h1>Hello ${session.user.name || session.user.username}</h1>
${
  open.length === 0
    ? html`<p>You are signed in. There is no application for you here yet.</p>`
    : html`<ul class="applications">${open.map(
        (each) => html`<li><a href="${safeUrl(each.meta_launch_url) ?? '#'}">${each.name}</a></li>`,
      )}</ul>`
}
<p class="actions"><a class="button" href="/flows/-/default/invalidation/">Sign out</a></p>`,
    });
    return reply.type('text/html; charset=utf-8').send(page);
  });
}

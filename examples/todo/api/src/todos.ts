import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { TodoStore } from './todo-store.ts';

/** PostgreSQL cannot hold a NUL, and half a surrogate pair is no text. */
const text = z
  .string()
  .refine((value) => !value.includes('\0') && value.isWellFormed(), 'must not hold characters that are no text')
  .transform((value) => value.trim());

const title = text.pipe(z.string().min(1, 'must not be empty').max(200, 'must have at most 200 characters'));
const description = text
  .pipe(z.string().max(2000, 'must have at most 2000 characters'))
  .transform((value) => value || null)
  .nullable();

const newTodo = z.strictObject({
  title,
  description: description.default(null),
  completed: z.boolean().default(false),
});

const changedTodo = z
  .strictObject({
    title: title.exactOptional(),
    description: description.exactOptional(),
    completed: z.boolean().exactOptional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'give a title, a description or completed');

type ById = { Params: { id: string } };

/** The four routes of a person's own list. `subjectOf` answers whose request it is; the request has been let in already. */
export function addTodoRoutes(
  server: FastifyInstance,
  store: TodoStore,
  subjectOf: (request: FastifyRequest) => string,
): void {
  server.get('/todos/', async (request) => store.list(subjectOf(request)));

  server.post('/todos/', async (request, reply) => {
    const content = newTodo.safeParse(request.body);
    if (!content.success) return refuseBody(reply, content.error);
    const todo = await store.add(subjectOf(request), content.data);
    if (!todo) return reply.code(409).send({ error: 'list_full', message: 'The list is full. Delete a todo first.' });
    return reply.code(201).send(todo);
  });

  server.put<ById>('/todos/:id', async (request, reply) => {
    const change = changedTodo.safeParse(request.body);
    if (!change.success) return refuseBody(reply, change.error);
    if (!isTodoId(request.params.id)) return refuseUnknown(reply);
    const todo = await store.change(subjectOf(request), request.params.id, change.data);
    return todo ?? refuseUnknown(reply);
  });

  server.delete<ById>('/todos/:id', async (request, reply) => {
    const removed = isTodoId(request.params.id) && (await store.remove(subjectOf(request), request.params.id));
    return removed ? reply.code(204).send() : refuseUnknown(reply);
  });
}

function isTodoId(id: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);
}

/** The same answer for what never existed and for what is another person's. */
function refuseUnknown(reply: FastifyReply): FastifyReply {
  return reply.code(404).send({ error: 'not_found', message: 'There is no such todo in your list.' });
}

function refuseBody(reply: FastifyReply, fault: z.ZodError): FastifyReply {
  const fields = fault.issues.map((issue) => ({ field: issue.path.join('.'), message: issue.message }));
  return reply.code(422).send({ error: 'invalid_todo', message: 'The todo cannot be taken as it is.', fields });
}

/** The sandbox thread. It carries out orders one after the other and answers each. A second entry for the bundler. */
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { prepareMachines } from './machine.ts';
import type { Report, ThreadData, TimedOrder } from './messages.ts';
import { makeSandbox } from './sandbox.ts';
import type { Sandbox } from './sandbox.ts';

/** Unused machines that are kept. More are made when several evaluations wait for host functions at once. */
const keptSandboxes = 2;

/** Memory of machines that were thrown away, in bytes, after which the thread asks to be replaced. */
const wornBytes = 64 * 1024 * 1024;

const serve = async (port: NonNullable<typeof parentPort>, data: ThreadData): Promise<void> => {
  const openMachine = await prepareMachines(readFileSync(new URL(data.wasm)), data);
  const make = async (): Promise<Sandbox> => makeSandbox(await openMachine(), data.resultLength);
  const free: Sandbox[] = [await make()];
  let thrownAway = 0;
  const waiting = new Map<number, Sandbox>();
  const report = (message: Report): void => port.postMessage(message);

  const giveBack = async (sandbox: Sandbox): Promise<void> => {
    if (free.length < keptSandboxes && sandbox.restore()) {
      free.push(sandbox);
      return;
    }
    thrownAway += sandbox.size();
    if (thrownAway > wornBytes) report({ type: 'worn' });
    if (free.length === 0) free.push(await make());
  };
  const handle = async (message: TimedOrder): Promise<void> => {
    if ('type' in message) {
      const dropped = waiting.get(message.id);
      waiting.delete(message.id);
      if (dropped !== undefined) await giveBack(dropped);
      return;
    }
    const { order, budget } = message;
    const sandbox = waiting.get(order.id) ?? free.pop() ?? (await make());
    const began = performance.now();
    const step = sandbox.perform(order, budget);
    report({ type: 'step', id: order.id, step, spent: performance.now() - began });
    // The answer is on its way before the machine is made ready for the next.
    if (step.state === 'waiting') {
      waiting.set(order.id, sandbox);
      return;
    }
    waiting.delete(order.id);
    await giveBack(sandbox);
  };

  // A replaced machine is made asynchronously, so orders queue behind each other here.
  let last = Promise.resolve();
  port.on('message', (message: TimedOrder) => {
    last = last.then(() => handle(message));
  });
  report({ type: 'ready' });
};

if (parentPort === null) throw new Error('this module runs as a worker thread only');
await serve(parentPort, workerData as ThreadData);

/** What there is to compare with, in a process of its own: bare signatures, bare password hashes, a bare HTTP answer. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hash } from '@node-rs/argon2';

export type BareJob = 'signatures' | 'hashes';
export type BareOrder = { job: BareJob; atOnce: number; milliseconds: number };
export type BareResult = { done: number; seconds: number };

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
/** As long as the header and claims of an access token. */
const input = Buffer.alloc(700, 'a');

const jobs: Record<BareJob, () => Promise<unknown>> = {
  signatures: () =>
    new Promise((resolve, reject) =>
      sign('sha256', input, privateKey, (fault, made) => (fault ? reject(fault) : resolve(made))),
    ),
  hashes: () => hash('the password of the measurements', { memoryCost: 19_456, timeCost: 2, parallelism: 1 }),
};

async function perform({ job, atOnce, milliseconds }: BareOrder): Promise<BareResult> {
  const started = performance.now();
  let done = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() - started < milliseconds) {
      await jobs[job]();
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return { done, seconds: (performance.now() - started) / 1000 };
}

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': 17 });
  response.end('{"answer":"bare"}');
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
const answer = async (order: BareOrder): Promise<void> => {
  process.send?.(await perform(order));
};
process.on('message', (order: BareOrder) => void answer(order));
process.on('disconnect', () => process.exit(0));

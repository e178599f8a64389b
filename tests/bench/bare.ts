/** What there is to compare with, in a process of its own: bare signatures, bare password hashes, a bare HTTP answer. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hash } from '@node-rs/argon2';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const input = Buffer.alloc(700, 'a');

const jobs: Record<string, () => Promise<unknown>> = {
  signatures: () =>
    new Promise((resolve, reject) =>
      sign('sha256', input, privateKey, (fault, made) => (fault ? reject(fault) : resolve(made))),
    ),
  hashes: () => hash('the password of the measurements', { memoryCost: 19_456, timeCost: 2, parallelism: 1 }),
};

async function perSecond(job: () => Promise<unknown>, atOnce: number, milliseconds: number): Promise<number> {
  const started = performance.now();
  let done = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() - started < milliseconds) {
      await job();
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return (done * 1000) / (performance.now() - started);
}

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': 17 });
  response.end('{"answer":"bare"}');
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('message', async ({ job, atOnce, milliseconds }: { job: string; atOnce: number; milliseconds: number }) => {
  process.send?.({ rate: await perSecond(jobs[job] as () => Promise<unknown>, atOnce, milliseconds) });
});
process.on('disconnect', () => process.exit(0));

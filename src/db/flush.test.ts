import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FlushFailedError, makeFlusher } from './flush.ts';

/** A disk that answers when the test says so. */
function disk() {
  const waiting: ((fault: NodeJS.ErrnoException | null) => void)[] = [];
  const sync = ((_descriptor: number, done: (fault: NodeJS.ErrnoException | null) => void) => {
    waiting.push(done);
  }) as never;
  return { sync, waiting };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('flushes of one file', () => {
  it('who comes during one shares the next one, because the running one may have missed the write', async () => {
    const { sync, waiting } = disk();
    const flusher = makeFlusher(3, sync);
    const told: string[] = [];
    const first = flusher.flush().then(() => told.push('first'));
    const others = [1, 2, 3].map((number) => flusher.flush().then(() => told.push(`late ${number}`)));
    assert.equal(waiting.length, 1);
    waiting[0]?.(null);
    await first;
    await turn();
    assert.deepEqual(told, ['first']);
    assert.equal(waiting.length, 2);
    const later = flusher.flush().then(() => told.push('later'));
    waiting[1]?.(null);
    await Promise.all(others);
    await turn();
    assert.deepEqual(told, ['first', 'late 1', 'late 2', 'late 3']);
    waiting[2]?.(null);
    await later;
    assert.equal(waiting.length, 3);
  });

  it('one that comes in the very moment between two joins the one that has not begun', async () => {
    const { sync, waiting } = disk();
    const flusher = makeFlusher(3, sync);
    const between = flusher.flush().then(() => flusher.flush());
    const second = flusher.flush();
    waiting[0]?.(null);
    await turn();
    assert.ok(waiting.length <= 3);
    for (const each of waiting.splice(1)) each(null);
    await turn();
    for (const each of waiting.splice(1)) each(null);
    await Promise.all([between, second]);
  });

  it('nothing is promised after a failure', async () => {
    const { sync, waiting } = disk();
    const flusher = makeFlusher(3, sync);
    flusher.check();
    const first = flusher.flush();
    const second = flusher.flush();
    waiting[0]?.(Object.assign(new Error('EIO'), { code: 'EIO' }));
    await assert.rejects(first, FlushFailedError);
    await assert.rejects(second, FlushFailedError);
    await assert.rejects(flusher.flush(), FlushFailedError);
    assert.throws(() => flusher.check(), FlushFailedError);
    assert.equal(waiting.length, 1);
    await flusher.settled();
  });

  it('can be waited for, so that the file is not closed under it', async () => {
    const { sync, waiting } = disk();
    const flusher = makeFlusher(3, sync);
    const both = [flusher.flush(), flusher.flush()];
    let settled = false;
    const end = flusher.settled().then(() => {
      settled = true;
    });
    waiting[0]?.(null);
    await turn();
    assert.equal(settled, false);
    waiting[1]?.(null);
    await end;
    await Promise.all(both);
  });
});

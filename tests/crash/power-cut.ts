/**
 * What a power cut leaves of files: everything that was synced, and of the rest anything, in any order, also halves of
 * a write. Knows nothing of databases.
 */
import type { Step } from './trace.ts';

type Change = Extract<Step, { kind: 'write' | 'truncate' }>;
type File = { synced: Buffer; pending: Change[]; running: Map<number, number> };

const SECTOR = 512;

/** The files of a traced program on a disk that may lose power after any step. */
export class Disk {
  readonly #files = new Map<string, File>();

  /** A file that was there, and synced, before the program began. */
  put(path: string, content: Buffer): void {
    this.#files.set(path, { synced: content, pending: [], running: new Map() });
  }

  apply(step: Step): void {
    if (step.kind === 'said') return;
    const file = this.#files.get(step.path);
    if (!file) return;
    if (step.kind === 'sync') file.running.set(step.call, file.pending.length);
    else if (step.kind === 'synced') {
      // What was written while it ran may have missed it.
      const count = file.running.get(step.call) ?? 0;
      file.running.delete(step.call);
      if (count > 0) file.synced = changed(file.synced, file.pending.splice(0, count));
      for (const [call, begun] of file.running) file.running.set(call, Math.max(0, begun - count));
    } else file.pending.push(step);
  }

  /** The content of a file after a cut now. `random` gives numbers from 0 to 1. */
  afterCut(path: string, random: () => number): Buffer {
    const file = this.#files.get(path);
    if (!file) throw new Error(`${path} is not on the disk`);
    const share = [0, 0.2, 0.5, 0.8, 1][Math.floor(random() * 5)] as number;
    const kept = file.pending
      .filter(() => random() < share)
      .map((change) => {
        const torn = change.kind === 'write' && change.data.length > SECTOR && random() < 0.1;
        if (!torn) return change;
        const sectors = Math.floor((random() * change.data.length) / SECTOR);
        return { ...change, data: change.data.subarray(0, sectors * SECTOR) };
      });
    return changed(file.synced, kept);
  }
}

/** The content after these changes, in order. */
function changed(content: Buffer, changes: readonly Change[]): Buffer {
  const ends = changes.map((each) => (each.kind === 'truncate' ? each.length : each.offset + each.data.length));
  const room = Buffer.alloc(Math.max(content.length, ...ends));
  content.copy(room);
  let length = content.length;
  changes.forEach((change, index) => {
    const end = ends[index] as number;
    if (change.kind === 'write') {
      change.data.copy(room, change.offset);
      length = Math.max(length, end);
    } else {
      room.fill(0, end);
      length = end;
    }
  });
  return room.subarray(0, length);
}

/** Numbers from 0 to 1 that a seed decides, so that a failure can be seen again. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

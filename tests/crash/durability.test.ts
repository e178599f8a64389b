/** What was acknowledged on SQLite is on the disk: by the order of system calls, and by cutting the power anywhere. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { openDatabase } from '../../src/db/database.ts';
import { Disk, randomOf } from './power-cut.ts';
import { cannotTrace, type Step, trace } from './trace.ts';

const UNITS = 160;
/** Large rows, so that the log is checkpointed and begun again several times. */
const MOST_BYTES = 60_000;
const CUTS = 60;

describe('durability on SQLite', { skip: cannotTrace(), timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'ostiary-durability-'));
  const path = join(folder, 'ostiary.sqlite');
  const log = `${path}-wal`;
  let empty: Buffer;
  let steps: Step[];
  before(async () => {
    await (await openDatabase({ url: path })).close();
    empty = readFileSync(path);
    const writer = join(import.meta.dirname, 'writer.ts');
    steps = trace(join(folder, 'trace'), [writer, path, '0', String(UNITS), String(MOST_BYTES)]);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('each acknowledgement follows a flush of the log that began after the last write of its commit', () => {
    let unit: number | undefined;
    const committed = new Map<number, number>();
    const begun = new Map<number, number>();
    let acknowledged = 0;
    let lastBegun = -1;
    steps.forEach((step, index) => {
      const file = 'path' in step ? step.path : '';
      if (step.kind === 'said' && step.line.startsWith('begin ')) unit = Number(step.line.slice(6));
      else if (step.kind === 'write' && file === log && unit !== undefined) committed.set(unit, index);
      else if (step.kind === 'sync' && file === log) begun.set(step.call, index);
      else if (step.kind === 'synced' && file === log) lastBegun = Math.max(lastBegun, begun.get(step.call) ?? -1);
      else if (step.kind === 'said' && step.line.startsWith('acknowledged ')) {
        acknowledged += 1;
        const number = Number(step.line.slice(13));
        const commit = committed.get(number);
        assert.ok(commit !== undefined, `unit ${number} was written`);
        assert.ok(lastBegun > commit, `unit ${number} was acknowledged before it was on the disk`);
      }
    });
    assert.equal(acknowledged, UNITS);
    const flushes = steps.filter((step) => step.kind === 'sync' && step.path === log).length;
    assert.ok(flushes < UNITS, 'units that come together share a flush');
  });

  /** Cuts the power at many moments. Returns how many acknowledged units were missing afterwards. */
  const cutPower = (seed: number, cuts: number, isFlushed: (step: Step) => boolean): number => {
    const random = randomOf(seed);
    const moments = new Set(Array.from({ length: cuts }, () => Math.floor(random() * steps.length)));
    const disk = new Disk();
    disk.put(path, Buffer.from(empty));
    disk.put(log, Buffer.alloc(0));
    const told: number[] = [];
    let lost = 0;
    steps.forEach((step, index) => {
      if (isFlushed(step)) disk.apply(step);
      if (step.kind === 'said' && step.line.startsWith('acknowledged ')) told.push(Number(step.line.slice(13)));
      if (!moments.has(index)) return;
      const place = join(folder, 'after.sqlite');
      for (const end of ['-wal', '-shm']) rmSync(`${place}${end}`, { force: true });
      writeFileSync(place, disk.afterCut(path, random));
      writeFileSync(`${place}-wal`, disk.afterCut(log, random));
      lost += missing(place, told, `seed ${seed}, step ${index}`);
    });
    return lost;
  };

  it('a power cut at any moment takes nothing that was acknowledged, and leaves no halves', () => {
    const restarts = steps.filter((step) => step.kind === 'write' && step.path === log && step.offset === 0).length;
    assert.ok(restarts >= 3, 'the log was begun again while units were under way');
    const seed = Math.floor(Math.random() * 2 ** 31);
    assert.equal(
      cutPower(seed, CUTS, () => true),
      0,
      `seed ${seed}`,
    );
  });

  it('without the flush before the acknowledgement the same cuts lose what was acknowledged', () => {
    const ours = new Set(
      steps.flatMap((step) => (step.kind === 'sync' && step.name === 'fdatasync' ? [step.call] : [])),
    );
    const lost = cutPower(1, 15, (step) => !('call' in step && ours.has(step.call)));
    assert.ok(lost > 0);
  });
});

/** Opens what is left. Throws for a broken file or half a unit; returns how many of the told units are missing. */
function missing(path: string, told: readonly number[], when: string): number {
  const database = new DatabaseSync(path);
  try {
    const checked = database.prepare('pragma integrity_check').get() as { integrity_check: string };
    assert.equal(checked.integrity_check, 'ok', when);
    const rows = database.prepare('select name, value from system_settings').all() as { name: string; value: string }[];
    const values = new Map(rows.map((row) => [row.name, row.value]));
    for (const [name, value] of values) {
      const twin = name.startsWith('row ') ? name.replace('row', 'twin') : name.replace('twin', 'row');
      assert.ok(values.get(twin) === value, `${name} is half a unit (${when})`);
    }
    return told.filter((number) => !values.has(`row ${number}`)).length;
  } finally {
    database.close();
  }
}

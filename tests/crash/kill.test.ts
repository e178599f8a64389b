/** Processes that only write are killed at random moments; what they were told is there, and nothing is half there. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { openDatabase } from '../../src/db/database.ts';
import { databases, type TestDatabase } from '../environment/databases.ts';

const KILLS = 20;
const FAR = 1_000_000;

for (const engine of databases()) {
  describe(`killed while writing to ${engine.name}`, { timeout: 120_000 }, () => {
    let place: TestDatabase;
    before(async () => {
      place = await engine.make();
      await (await openDatabase({ url: place.url })).close();
    });
    after(() => place.drop());

    it(`${KILLS} times, and every unit that was acknowledged is there, whole`, async () => {
      const told = new Set<number>();
      for (let kill = 0; kill < KILLS; kill += 1) {
        const first = String(kill * FAR);
        const words = [join(import.meta.dirname, 'writer.ts'), place.url, first, String(FAR), '3000'];
        const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
        const ended = new Promise((resolve) => child.once('close', resolve));
        let heard = 0;
        const most = 1 + Math.floor(Math.random() * 60);
        for await (const line of createInterface({ input: child.stdout })) {
          const [word, number] = line.split(' ');
          if (word !== 'acknowledged') continue;
          told.add(Number(number));
          heard += 1;
          // Somewhere in the work that comes after this line.
          if (heard === most) setTimeout(() => child.kill('SIGKILL'), Math.random() * 20);
        }
        await ended;
        assert.equal(child.signalCode, 'SIGKILL');
        const database = await openDatabase({ url: place.url });
        const rows = await database.read.selectFrom('system_settings').select(['name', 'value']).execute();
        await database.close();
        const values = new Map(rows.map((row) => [row.name, row.value]));
        for (const number of told) assert.ok(values.has(`row ${number}`), `unit ${number} is lost`);
        for (const [name, value] of values) {
          const twin = name.startsWith('row ') ? name.replace('row', 'twin') : name.replace('twin', 'row');
          assert.ok(values.get(twin) === value, `${name} is half a unit`);
        }
      }
      assert.ok(told.size >= KILLS);
    });
  });
}

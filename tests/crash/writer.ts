/**
 * A program that only writes, for the tests of crashes. `node writer.ts <url> <first number> <most units> <most bytes>`:
 * several writers at once, each unit two rows. Its lines on standard output are `begin N` when a unit begins and
 * `acknowledged N` once `Database.write` has resolved.
 */
import { writeSync } from 'node:fs';
import { openDatabase } from '../../src/db/database.ts';

const [url = '', first = '0', most = '1', bytes = '100'] = process.argv.slice(2);
const database = await openDatabase({ url });
let next = Number(first);
const end = next + Number(most);

async function write(): Promise<void> {
  while (next < end) {
    const number = next;
    next += 1;
    const value = JSON.stringify('x'.repeat(Math.floor(Math.random() * Number(bytes))));
    await database.write(async (transaction) => {
      writeSync(1, `begin ${number}\n`);
      await transaction
        .insertInto('system_settings')
        .values({ name: `row ${number}`, value })
        .execute();
      await transaction
        .insertInto('system_settings')
        .values({ name: `twin ${number}`, value })
        .execute();
    });
    writeSync(1, `acknowledged ${number}\n`);
  }
}

await Promise.all(Array.from({ length: 4 }, write));
await database.close();

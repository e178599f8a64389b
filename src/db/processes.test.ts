import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, symlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { Client } from 'pg';
import { databases, type TestDatabase } from '../../tests/environment/databases.ts';
import { bumpConfiguration, openConfiguration } from '../core/configuration.ts';
import { DatabaseInUseError, openDatabase } from './database.ts';
import { migrations, NewerSchemaError } from './migrate.ts';

const DATABASE = JSON.stringify(new URL('database.ts', import.meta.url).href);

/** Another process with this program; `heard` waits for its next line. */
function program(code: string): { child: ChildProcess; heard(): Promise<string>; ended: Promise<number | null> } {
  const text = `import { openDatabase } from ${DATABASE};\n${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', text], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  return {
    child,
    ended: new Promise((resolve) => child.once('exit', resolve)),
    async heard() {
      const line = await lines.next();
      return line.done ? '' : line.value;
    },
  };
}

/** Resolves when the condition holds; the test's own time limit ends it otherwise. */
async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}

for (const engine of databases()) {
  describe(`several processes on one ${engine.name} database`, { timeout: 60_000 }, () => {
    let place: TestDatabase;
    before(async () => {
      place = await engine.make();
    });
    after(() => place.drop());

    it('migrate at once, and each step is taken once', async () => {
      const open = `const database = await openDatabase({ url: ${JSON.stringify(place.url)} });
        await database.close(); console.log('open');`;
      const all = [1, 2, 3].map(() => program(open));
      for (const each of all) assert.equal(await each.heard(), 'open');
      for (const each of all) assert.equal(await each.ended, 0);
      const database = await openDatabase({ url: place.url });
      // The tables are there and empty.
      assert.deepEqual(await database.read.selectFrom('objects').selectAll().execute(), []);
      await database.close();
    });

    it('a schema from a later release is left alone', async () => {
      const other = await engine.make();
      const database = await openDatabase({ url: other.url });
      const { sql } = await import('kysely');
      await database.write((transaction) =>
        transaction.executeQuery(
          sql`insert into migrations (name, applied_at) values ('9999-later', 0)`.compile(transaction.withoutPlugins()),
        ),
      );
      await database.close();
      await assert.rejects(openDatabase({ url: other.url }), (fault) => {
        assert.ok(fault instanceof NewerSchemaError);
        assert.match(fault.message, /9999-later/);
        assert.ok(!fault.message.includes(migrations[0]?.name as string));
        return true;
      });
      await other.drop();
    });

    it('what one changes leaves the memory of the other', async () => {
      const ours = await openDatabase({ url: place.url });
      const theirs = await openDatabase({ url: place.url });
      const configuration = await openConfiguration(ours);
      const value = () =>
        configuration.get('value', async (queries) => {
          const row = await queries
            .selectFrom('system_settings')
            .select('value')
            .where('name', '=', 'v')
            .executeTakeFirst();
          return row?.value ?? 'nothing';
        });
      const set = (to: string) =>
        theirs.write(async (transaction) => {
          await transaction
            .insertInto('system_settings')
            .values({ name: 'v', value: to })
            .onConflict((conflict) => conflict.columns(['name']).doUpdateSet({ value: to }))
            .execute();
          await bumpConfiguration(theirs, transaction);
        });
      assert.equal(await value(), 'nothing');
      await set('one');
      if (engine.name === 'sqlite') assert.equal(await value(), 'one');
      await until(async () => (await value()) === 'one');
      if (engine.name === 'postgresql') {
        // The listening connection is cut, and something changes before it is back.
        const admin = new Client({ connectionString: place.url });
        await admin.connect();
        const cut = await admin.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen ostiary_configuration' and datname = current_database()",
        );
        assert.equal(cut.rowCount, 1);
        await admin.end();
      }
      await set('two');
      await until(async () => (await value()) === 'two');
      // And the new connection listens.
      await set('three');
      await until(async () => (await value()) === 'three');
      await configuration.close();
      await ours.close();
      await theirs.close();
    });

    if (engine.name === 'sqlite') {
      const path = (): string => place.url.replace('sqlite://', '');

      it('a second server is refused until the first is dead, however it died', async () => {
        const serve = `await openDatabase({ url: ${JSON.stringify(place.url)}, server: true });
          console.log('serving'); setInterval(() => {}, 1000);`;
        const first = program(serve);
        assert.equal(await first.heard(), 'serving');
        await assert.rejects(openDatabase({ url: place.url, server: true }), DatabaseInUseError);
        // By another name it is the same file.
        symlinkSync(path(), `${path()}.link`);
        await assert.rejects(openDatabase({ url: `${path()}.link`, server: true }), DatabaseInUseError);
        // A command beside the server is welcome.
        const command = await openDatabase({ url: `${path()}.link` });
        await command.write((transaction) =>
          transaction.insertInto('system_settings').values({ name: 'command', value: '1' }).execute(),
        );
        await command.close();
        first.child.kill('SIGKILL');
        await first.ended;
        const second = await openDatabase({ url: place.url, server: true });
        await assert.rejects(openDatabase({ url: place.url, server: true }), DatabaseInUseError);
        await second.close();
        const third = await openDatabase({ url: place.url, server: true });
        await third.close();
      });

      it('a file that is no database is not called one in use, and nothing stays locked', async () => {
        const { writeFileSync, rmSync } = await import('node:fs');
        writeFileSync(`${path()}.text`, 'this is a text and no database, '.repeat(100));
        await assert.rejects(
          openDatabase({ url: `${path()}.text`, server: true }),
          (fault) => !(fault instanceof DatabaseInUseError),
        );
        rmSync(`${path()}.text`);
        const database = await openDatabase({ url: `${path()}.text`, server: true });
        await database.close();
      });

      it('data_version tells of a write of another process, and closing leaves one whole file', async () => {
        const database = await openDatabase({ url: place.url });
        const version = database.dataVersion();
        assert.equal(database.dataVersion(), version);
        const writer = program(`const database = await openDatabase({ url: ${JSON.stringify(place.url)} });
          await database.write((transaction) =>
            transaction.insertInto('system_settings').values({ name: 'other process', value: '1' }).execute());
          console.log('written'); process.stdin.resume(); process.stdin.on('end', () => process.exit(0));`);
        assert.equal(await writer.heard(), 'written');
        assert.notEqual(database.dataVersion(), version);
        writer.child.stdin?.end();
        assert.equal(await writer.ended, 0);
        // A write that is still on its way to the disk is finished before the file is closed.
        let told = false;
        const write = database
          .write((transaction) =>
            transaction.insertInto('system_settings').values({ name: 'last', value: '1' }).execute(),
          )
          .then(() => {
            told = true;
          });
        await database.close();
        assert.ok(told);
        await write;
        assert.ok(!existsSync(`${path()}-wal`), 'the log is in the file');
      });
    }
  });
}

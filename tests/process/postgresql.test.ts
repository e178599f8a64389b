import assert from 'node:assert/strict';
import { test } from 'node:test';
import { databases } from '../environment/databases.ts';
import { emptyFolder, ostiary, startServer } from './program.ts';

const postgresql = databases().find((engine) => engine.name === 'postgresql');
const skip = postgresql ? false : 'no PostgreSQL at hand';

test('a node with another secret key is refused, and does no harm', { skip }, async () => {
  const database = await postgresql?.make();
  const { folder, remove } = emptyFolder();
  const shared = { OSTIARY_DATA_DIR: folder, OSTIARY_DATABASE_URL: database?.url ?? '' };
  const right = { ...shared, OSTIARY_SECRET_KEY: 'the key of all nodes, long enough' };
  try {
    const first = await startServer(right);
    const { code, errors } = await ostiary(['serve'], {
      environment: { ...shared, OSTIARY_SECRET_KEY: 'the key of no node at all, as long' },
    });
    assert.equal(code, 1);
    assert.match(errors, /^The secret key is not the one that this database was made with\./m);
    assert.doesNotMatch(errors, / at .*\.ts:/);
    const second = await startServer(right);
    for (const node of [first, second]) {
      assert.equal((await fetch(`${node.url}/-/health/ready/`)).status, 200);
      assert.equal((await node.stop()).code, 0);
    }
  } finally {
    await database?.drop();
    remove();
  }
});

test('a database that does not answer is told in a sentence', async () => {
  const { folder, remove } = emptyFolder();
  try {
    const { code, errors } = await ostiary(['serve'], {
      environment: {
        OSTIARY_DATA_DIR: folder,
        OSTIARY_DATABASE_URL: 'postgres://ann:hunter2-of-the-database@127.0.0.1:1/none',
        OSTIARY_SECRET_KEY: 'the key of all nodes, long enough',
      },
    });
    assert.equal(code, 1);
    assert.match(errors, /^The database does not answer \(ECONNREFUSED\)\./m);
    assert.doesNotMatch(errors, /hunter2|\.ts:/);
  } finally {
    remove();
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyFolder, startServer } from '../../tests/process/program.ts';

const GIVEN = { OSTIARY_BOOTSTRAP_PASSWORD: 'a password that came too late' };

test('what is given for the first start and comes too late is named, and only while somebody may wonder', async () => {
  const { folder, remove } = emptyFolder();
  try {
    const first = await startServer({ OSTIARY_DATA_DIR: folder });
    assert.doesNotMatch(first.output(), /first start only/);
    await first.stop();
    const second = await startServer({ OSTIARY_DATA_DIR: folder, ...GIVEN });
    assert.match(
      second.output(),
      /OSTIARY_BOOTSTRAP_PASSWORD and OSTIARY_BOOTSTRAP_TOKEN count at the very first start only/,
    );
    assert.equal((await fetch(`${second.url}/if/flow/initial-setup/`)).status, 200, 'set-up is still open');
    await second.stop();
  } finally {
    remove();
  }
});

test('a start with what has long been done says nothing', async () => {
  const { folder, remove } = emptyFolder();
  try {
    for (const turn of ['first', 'second']) {
      const server = await startServer({ OSTIARY_DATA_DIR: folder, ...GIVEN });
      assert.doesNotMatch(server.output(), /first start only/, turn);
      await server.stop();
    }
  } finally {
    remove();
  }
});

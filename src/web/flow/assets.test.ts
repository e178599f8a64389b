import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Script } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { readFlowAssets } from './assets.ts';
import { examples } from './examples.fixture.ts';

const compressed = (text: string): number => gzipSync(text, { level: 6 }).length;

describe('what a sign-in page loads', () => {
  it('is one stylesheet and one script, named by their content', async () => {
    const assets = await readFlowAssets();
    assert.match(assets.stylesheet, /^\/static\/flow\.[0-9a-f]{10}\.css$/);
    assert.match(assets.script, /^\/static\/flow\.[0-9a-f]{10}\.js$/);
    assert.deepEqual(
      assets.files.map((file) => file.path),
      [assets.stylesheet, assets.script],
    );
    assert.deepEqual(await readFlowAssets(), assets);
  });

  it('is plain JavaScript that a browser reads without a build', async () => {
    const [, script] = (await readFlowAssets()).files;
    assert.ok(script);
    // Compiled, not run.
    assert.doesNotThrow(() => new Script(script.content));
  });

  it('stays small: 15 kB of script, 30 kB of everything, compressed', async () => {
    const assets = await readFlowAssets();
    const script = assets.files.find((file) => file.path === assets.script);
    assert.ok(script && compressed(script.content) <= 15_000);
    const parts = assets.files.map((file) => compressed(file.content));
    for (const [name, example] of Object.entries(examples)) {
      const page = example.draw(undefined, { assets });
      const total = [compressed(page), ...parts].reduce((sum, size) => sum + size, 0);
      assert.ok(total <= 30_000, `${name} has ${total} bytes`);
    }
  });
});

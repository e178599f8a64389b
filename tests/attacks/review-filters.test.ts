/** Every filter of every list, in every form, with values that fit no column: an answer or a refusal, never a fault. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { databases } from '../environment/databases.ts';
import { startOstiary, type TestOstiary } from '../environment/ostiary.ts';

type Operation = { parameters?: { name: string; in: string }[] };
/** A number beyond 32 bits, one that fits a flag, and text that would leave a pattern or a literal. */
const ODD = `x'"%_\\`;
const FORMS = [
  ['', '999999999999999'],
  ['', ODD],
  ['__gt', '999999999999999'],
  ['__isnull', '1'],
  ['__iexact', '1'],
  ['__icontains', ODD],
] as const;

for (const engine of databases()) {
  describe(`filters of lists, on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    const headers = { authorization: 'Bearer a-token-for-the-tests-of-the-administration' };
    before(async () => {
      ostiary = await startOstiary({ engine });
      await ostiary.oauth2('listed');
    });
    after(() => ostiary.stop());

    test('none makes a statement that the database refuses', async () => {
      const answer = await fetch(`${ostiary.url}/api/v3/schema/`);
      const { paths } = (await answer.json()) as { paths: Record<string, { get?: Operation }> };
      const addresses = Object.entries(paths).flatMap(([path, { get }]) =>
        (path.includes('{') ? [] : (get?.parameters ?? [])).flatMap(({ name }) =>
          FORMS.map(([suffix, value]) => `/api/v3${path}?${new URLSearchParams({ [name + suffix]: value })}`),
        ),
      );
      assert.ok(addresses.length > 1000, 'the document names the filters');
      for (let start = 0; start < addresses.length; start += 16) {
        await Promise.all(
          addresses.slice(start, start + 16).map(async (address) => {
            const { status } = await fetch(ostiary.url + address, { headers });
            assert.ok(status < 500, `${address} → ${status}`);
          }),
        );
      }
    });
  });
}

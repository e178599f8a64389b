/** Files in the forms of flows: what browsers send arrives as programs send it, and what others send does no harm. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { makeFlow } from '../../tests/environment/flow-client.ts';
import { startOstiary, type TestOstiary } from '../../tests/environment/ostiary.ts';
import type { Visitor } from '../../tests/environment/visitor.ts';
import type { RunContext } from '../stages/stage.ts';
import { dummy } from '../stages/dummy/dummy.ts';
import { prompt, promptModel } from '../stages/prompt/prompt.ts';

let ostiary: TestOstiary;
before(async () => {
  ostiary = await startOstiary();
  const field = async (field_key: string, type: string) =>
    (await ostiary.make(promptModel, { name: field_key, field_key, label: field_key, type, required: false } as never))
      .id;
  await makeFlow(ostiary, { slug: 'files' }, [
    [prompt, { fields: [await field('town', 'text'), await field('picture', 'file')] }],
    [dummy, {}],
  ]);
});
after(() => ostiary.stop());

/** As long as those of browsers; a shorter one is refused. */
const BOUNDARY = 'boundary-between-the-parts-of-a-form';
const PATH = '/if/flow/files/';
const opened = async (): Promise<Visitor> => {
  const browser = ostiary.visitor();
  await browser.open(PATH);
  return browser;
};
const ownFields = (browser: Visitor): FormData => {
  const form = new FormData();
  for (const [name, value] of Object.entries(browser.form().fields)) form.set(name, value);
  return form;
};
const send = (browser: Visitor, body: FormData | Buffer<ArrayBuffer> | string, headers: Record<string, string> = {}) =>
  browser.request(PATH, { method: 'POST', body, headers: { origin: ostiary.url, ...headers } });
const gathered = async (): Promise<unknown> => {
  const rows = await ostiary.core.database.read.selectFrom('flow_runs').select('state').execute();
  const states = rows.map((row) => (JSON.parse(row.state) as { context: RunContext }).context.prompt_data);
  return states.filter((each) => each !== undefined);
};
const forget = () => ostiary.core.database.write((each) => each.deleteFrom('flow_runs').execute());

test('a file becomes a data: URI, and text beside it stays text', async () => {
  await forget();
  const browser = await opened();
  assert.match(browser.last?.body ?? '', /enctype="multipart\/form-data"/);
  const form = ownFields(browser);
  form.set('town', 'Zürich \ufffd & co');
  form.set('picture', new File(['hello'], '../../etc/passwd', { type: 'text/plain' }));
  const answer = await send(browser, form);
  assert.equal(answer.status, 303);
  assert.deepEqual(await gathered(), [{ town: 'Zürich \ufffd & co', picture: 'data:text/plain;base64,aGVsbG8=' }]);
});

test('no file is no value, and a type that is none is not repeated', async () => {
  for (const [file, kept] of [
    [new File([], ''), ''],
    [new File(['x'], 'x', { type: 'a;b,c"d' }), 'data:application/octet-stream;base64,eA=='],
    [new File(['x'], 'x'), 'data:application/octet-stream;base64,eA=='],
  ] as const) {
    await forget();
    const browser = await opened();
    const form = ownFields(browser);
    form.set('picture', file);
    form.set('town', '');
    assert.equal((await send(browser, form)).status, 303);
    assert.deepEqual(await gathered(), [{ town: '', picture: kept }]);
  }
});

test('a file that is too large is refused in words, and the form is shown again', async () => {
  const browser = await opened();
  const form = ownFields(browser);
  form.set('picture', new File([new Uint8Array(60_000)], 'x', { type: 'image/png' }));
  form.set('town', 'Bern');
  const answer = await send(browser, form);
  assert.equal(answer.status, 200);
  assert.match(browser.words(), /A file has at most/);
  assert.match(answer.body, /value="Bern"/);
  assert.ok(answer.body.length < 60_000, 'the file is not sent back');
});

test('hostile bodies are refused, and the server answers on', async () => {
  await forget();
  const browser = await opened();
  const { run = '', version = '' } = browser.form().fields;
  const part = (name: string, value: string | Buffer): Buffer<ArrayBuffer> =>
    Buffer.concat([
      Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n`),
      Buffer.from(value),
      Buffer.from('\r\n'),
    ]);
  const own = Buffer.concat([part('run', run), part('version', version), part('component', 'ak-stage-prompt')]);
  const end = Buffer.from(`--${BOUNDARY}--\r\n`);
  const type = `multipart/form-data; boundary=${BOUNDARY}`;
  const cases: [string, Buffer<ArrayBuffer> | string, string, number][] = [
    ['no boundary', Buffer.concat([own, end]), 'multipart/form-data', 400],
    ['an empty boundary', Buffer.concat([own, end]), 'multipart/form-data; boundary=', 400],
    [
      'another boundary',
      Buffer.concat([own, end]),
      'multipart/form-data; boundary=another-boundary-of-the-same-length',
      400,
    ],
    ['no end', own, type, 400],
    ['nothing', '', type, 400],
    ['no headers', `--${BOUNDARY}\r\n\r\n\r\nvalue\r\n--${BOUNDARY}--\r\n`, type, 400],
    ['nonsense', Buffer.alloc(1000, 255), type, 400],
    ['a run twice', Buffer.concat([own, part('run', run), end]), type, 400],
    ['a NUL', Buffer.concat([own, part('town', 'a\0b'), end]), type, 400],
    ['no UTF-8', Buffer.concat([own, part('town', Buffer.from([0x61, 0xff])), end]), type, 400],
    ['a long name', Buffer.concat([own, part('n'.repeat(300), 'x'), end]), type, 400],
    ['many parts', Buffer.concat([own, ...Array.from({ length: 300 }, () => part('a', 'b')), end]), type, 400],
    ['only boundaries', Buffer.from(`--${BOUNDARY}\r\n`.repeat(20_000)), type, 400],
    ['much', Buffer.concat([own, part('town', Buffer.alloc(1_100_000, 97)), end]), type, 413],
  ];
  for (const [about, body, contentType, status] of cases) {
    const began = performance.now();
    const answer = await send(browser, body, { 'content-type': contentType });
    assert.equal(answer.status, status, `${about}: ${answer.body.slice(0, 100)}`);
    assert.ok(performance.now() - began < 5000, about);
  }
  assert.deepEqual(await gathered(), []);
  const whole = Buffer.concat([own, end]);
  const fromElsewhere = await send(browser, whole, { 'content-type': type, origin: 'https://evil.example' });
  assert.equal(fromElsewhere.status, 403);
  assert.equal((await send(browser, whole, { 'content-type': type })).status, 303, 'and an honest one is taken');
});

test('no other endpoint takes such forms', async () => {
  const form = new FormData();
  form.set('a', 'b');
  for (const path of ['/application/o/token/', '/api/v3/flows/executor/files/', '/api/v3/core/users/', '/device']) {
    const answer = await fetch(`${ostiary.url}${path}`, {
      method: 'POST',
      body: form,
      headers: { origin: ostiary.url },
    });
    await answer.body?.cancel();
    assert.equal(answer.status, 415, path);
  }
});

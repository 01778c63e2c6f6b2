import { describe, expect, test } from 'vitest';
import type { Store } from '../system.ts';
import { readStore, readStoreByRows, type StoreState } from './store.ts';

const PLAIN: Store = { path: '/state/sessions.json', format: 'json-rows', rowFields: ['id'] };
const BELOW: Store = { ...PLAIN, rowsAt: 'rows' };
const ROWS = '{"a:1":{"id":1,"text":"é\\n\\u00e9 \\"x\\"","n":[-0.5e-3,true,null]}, "b:2" : {"id":2,"more":{"id":{}}}}';
const DOCUMENTS: readonly [Store, string][] = [
  [PLAIN, ROWS],
  [BELOW, `{"version":3,"rows":${ROWS},"z":{"rows":{"q":1}}}`],
];

const inPieces = (bytes: Buffer, size: number) =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );

/** What is no JSON is said in each parser's own words. */
const said = (state: StoreState) =>
  state.state === 'invalid' && state.why.startsWith('it is no JSON after')
    ? { state: 'invalid', why: 'no JSON' }
    : state;

function expectAlike(store: Store, bytes: Buffer): void {
  const whole = said(readStore(store, bytes.toString(), bytes.length));
  for (const size of [1, 7, 4096])
    expect(said(readStoreByRows(store, inPieces(bytes, size), bytes.length)), `${size}: ${bytes}`).toEqual(whole);
}

describe('a store that is read row by row is the same as one that is read whole', () => {
  test.each(DOCUMENTS)('as it is: %j', (store, text) => {
    const bytes = Buffer.from(text);
    expect(readStoreByRows(store, inPieces(bytes, 7), bytes.length)).toEqual({
      state: 'valid',
      rows: 2,
      bytes: bytes.length,
    });
    expectAlike(store, bytes);
  });

  test.each(DOCUMENTS)('cut off behind each of its bytes: %j', (store, text) => {
    const bytes = Buffer.from(text);
    for (let end = 0; end < bytes.length; end += 1) expectAlike(store, bytes.subarray(0, end));
  });

  test.each(DOCUMENTS)('with each of its bytes changed: %j', (store, text) => {
    const bytes = Buffer.from(text);
    for (const other of ['\0', ',', '}', '"', '9', ' '])
      for (let at = 0; at < bytes.length; at += 1) {
        const changed = Buffer.from(bytes);
        changed.write(other, at, 'latin1');
        expectAlike(store, changed);
      }
  });

  test.each([
    ...['', ' ', '5', 'null', '"x"', '[]', '[{"id":1}]', '{}', ' {} ', `${ROWS}${ROWS}`, `${ROWS}x`, `\uFEFF${ROWS}`],
    ...['{"a":5}', '{"a":null}', '{"a":[]}', '{"a":{}}', '{"a":{"id":1},"a":{}}', '{"a":{},"a":{"id":1}}'],
    ...[
      '{"__proto__":{"id":1}}',
      '{"constructor":{"id":1}}',
      '{"a":{"id":01}}',
      '{"a":{"id":1,}}',
      '{"a":{"id":"\t"}}',
    ],
    ...['{"rows":5}', '{"rows":[]}', '{"rows":[{"id":1}]}', '{"rows":{}}', '{"rows":null}', '{"row":{"a":{"id":1}}}'],
  ])('%j', (text) => {
    for (const store of [PLAIN, BELOW]) expectAlike(store, Buffer.from(text));
  });
});

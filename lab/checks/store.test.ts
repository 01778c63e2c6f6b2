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
    ...[
      '{"rows":{"a":{}},"rows":{"b":{"id":1}}}',
      '{"rows":{"a":{"id":1}},"rows":5}',
      '{"rows":5,"rows":{"a":{"id":1}}}',
    ],
    ...[
      '{"\\u0072ows":{"a":{"id":1}}}',
      '["rows",{"a":{"id":1}}]',
      '{"x":{"rows":{"a":{"id":1}}}}',
      '{"x":"rows","y":{"a":{}}}',
    ],
    ...[
      '{"rowsrowsrowsrowsrowsrowsrows":{"a":{"id":1}}}',
      '{"r\\q":{"a":{"id":1}}}',
      '{"rows":{},"rows":{"a":{"id":1}}}',
      '{\u00a0}',
    ],
    ...['{"rows":5}', '{"rows":[]}', '{"rows":[{"id":1}]}', '{"rows":{}}', '{"rows":null}', '{"row":{"a":{"id":1}}}'],
  ])('%j', (text) => {
    for (const store of [PLAIN, BELOW]) expectAlike(store, Buffer.from(text));
  });

  describe('whose rows are parsed in several parts', () => {
    const row = (index: number) => `"row ${index}": {"id":${index},"text":"{[,\\"${'é'.repeat(2_000)}"}`;
    const rows = (count: number) => Array.from({ length: count }, (_, index) => row(index));
    const documents = (text: string): [Store, string][] => [
      [PLAIN, text],
      [BELOW, `{"version":[1,{"rows":{"x":0}}],"rows":${text},"z":2}`],
    ];

    test('a file that goes on in zeros is read no further', () => {
      let read = 0;
      function* pieces() {
        for (const piece of [Buffer.from(`{${rows(60).join(',')}`), ...Array<Buffer>(50).fill(Buffer.alloc(4096))]) {
          read += 1;
          yield piece;
        }
      }
      const state = readStoreByRows(PLAIN, { [Symbol.iterator]: pieces }, 1_000_000);
      expect(said(state)).toEqual({ state: 'invalid', why: 'no JSON' });
      // The first one is looked at for a byte order mark.
      expect(read).toBe(1 + 2);
    });

    /** Of each number of rows: where it is cut depends on it. */
    const ofEach = (text: (count: number) => string) => Array.from({ length: 40 }, (_, index) => text(index + 1));

    test.each([
      ['as it is', [`{${rows(60).join(',\n')}}`]],
      ['with two commas at each place in turn', ofEach((at) => `{${[...rows(at), '', ...rows(2)].join(',')}}`)],
      ['with a comma behind the last row', ofEach((count) => `{${rows(count).join(',')},}`)],
      ['with a comma before the first row', [`{,${rows(60).join(',')}}`]],
      ['with a row that has no field', [`{${rows(40).join(',')},"bad":{},${rows(20).join(',')}}`]],
      ['with a bad row that comes again and is good', [`{"row 30":{},${rows(60).join(',')}}`]],
      ['with a row that comes again and is bad', [`{${rows(60).join(',')},"row 3":{}}`]],
      ['whose object is never closed', [`{${rows(60).join(',')}`]],
      ['that is closed as an array', [`{${rows(60).join(',')}]`]],
      ['that has something behind it', [`{${rows(60).join(',')}} x`]],
      ['that ends in zeros', [`{${rows(50).join(',')},${'\0'.repeat(9_000)}`]],
    ])('%s', (_, texts) => {
      for (const [store, whole] of texts.flatMap(documents)) {
        const bytes = Buffer.from(whole);
        expect(said(readStoreByRows(store, inPieces(bytes, 4096), bytes.length))).toEqual(
          said(readStore(store, whole, bytes.length)),
        );
      }
    });
  });
});

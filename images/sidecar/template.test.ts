import { expect, test } from 'vitest';
import { filled } from './template.ts';

const VALUES = { n: '7', atMs: 12.5, greeting: { payload: { nonce: 'abc', deep: {} } } };

test.each([
  ['{n} and {n}', '7 and 7'],
  ['{greeting.payload.nonce}', 'abc'],
  ['{atMs}', 12.5],
  ['at {atMs}', 'at 12.5'],
  ['{nothing} {greeting.nothing} {greeting.payload.deep}', '{nothing} {greeting.nothing} {greeting.payload.deep}'],
  ['{constructor} {greeting.__proto__}', '{constructor} {greeting.__proto__}'],
  [
    { '{n}': ['{n}', { deep: '{n}' }], none: null, number: 1 },
    { '{n}': ['7', { deep: '7' }], none: null, number: 1 },
  ],
])('%j', (template, result) => {
  expect(filled(template, VALUES)).toEqual(result);
});

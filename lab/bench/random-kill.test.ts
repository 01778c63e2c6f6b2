import { expect, test } from 'vitest';
import type { Entry } from '../sidecar/client.ts';
import { leftBy } from './random-kill.ts';

const promises = {
  store: { path: '/state/sessions.json', format: 'json-rows' as const, rowFields: [] },
  temps: ['/state/sessions.json.*.tmp'],
};

const file = (path: string, content: string): Entry => ({
  path,
  type: 'file',
  size: content.length,
  mode: 0o600,
  uid: 1000,
  ino: 1,
  nlink: 1,
  mtimeMs: 0,
  ctimeMs: 0,
  contentBase64: Buffer.from(content).toString('base64'),
});

const old = file('/state/sessions.json', '{"a":{}}');
const temp = (content: string) => file('/state/sessions.json.1.tmp', content);

test.each([
  ['old store', [old]],
  ['old store', []],
  ['new store', [file('/state/sessions.json', '{"a":{},"b":"text"}')]],
  ['empty temp', [old, temp('')]],
  ['torn temp', [old, temp('{"a":{},"b":"text')]],
  ['whole temp', [old, temp('{"a":{},"b":"text"}')]],
  // Of another writer, or of an earlier crash: not what this kill was to leave.
  ['torn temp', [old, temp('{"a":{}}')]],
])('%s', (left, entries) => {
  expect(leftBy(entries, promises, 'text')).toBe(left);
});

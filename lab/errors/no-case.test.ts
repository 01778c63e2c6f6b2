import { expect, test } from 'vitest';
import { knownFaults } from '../known.ts';
import type { Call } from './cases.ts';
import { noCase } from './no-case.ts';

const faults = knownFaults().filter((fault) => fault.sweep !== undefined);
const rename: Call = {
  number: 20,
  op: 'rename',
  file: 'db.*.tmp',
  to: 'db',
  place: {
    id: 'db.call-20',
    words: '',
    kind: 'before',
    file: 'db',
    arm: { op: 'rename', path: '/state/db*', at: 'before' },
  },
};
const why = (cells: string[], asked?: string[], calls: Call[] = [rename]) =>
  noCase('g', { cells, faults: asked }, calls, faults).message;

test('an error that the call can’t return is refused with those that it can', () => {
  expect(why(['g@1_db.call-20_no-descriptors_64m'])).toBe(
    "g: call 20 (rename db.*.tmp) can't take no-descriptors: rename can’t return EMFILE. " +
      'It can take: io-error, io-error-stays, no-space, no-space-stays.',
  );
});

test('a call that is not there, and errors that no call can return', () => {
  expect(why(['g@1_db.call-9_io-error_64m'])).toMatch(/makes no call "db\.call-9"/);
  expect(why([], ['sync-fails'])).toMatch(/none of the 1 calls .* can return sync-fails/);
  expect(why([], undefined, [])).toMatch(/makes no call in its state folder/);
});

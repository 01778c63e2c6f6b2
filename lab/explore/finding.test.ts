import { expect, test } from 'vitest';
import { notSaidOf, type Violation } from './finding.ts';

const violation = (check: string, detail: string): Violation => ({
  check,
  detail,
  digest: 'x',
  origin: { model: 'process-crash', step: 0 },
  paths: new Map(),
  onExt4: false,
});

test('what was wrong before a recovery began is no finding of the recovery', () => {
  const before = [violation('no-orphans', 'it did not remove /state/a.1.tmp (looked 512 ms after it was ready)')];
  const again = violation('no-orphans', 'it did not remove /state/a.1.tmp (looked 730 ms after it was ready)');
  const another = violation('no-orphans', 'it did not remove /state/b.1.tmp (looked 730 ms after it was ready)');
  const ofAnother = violation('sweep-on-boot', again.detail);
  expect(notSaidOf(before, [again, another, ofAnother])).toEqual([another, ofAnother]);
});

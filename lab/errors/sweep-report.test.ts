import { expect, test } from 'vitest';
import { judge } from '../judge/judge.ts';
import { faultNamed } from '../plan/named.ts';
import { failed } from '../test/healthy-cell.ts';
import { row, violated } from '../test/matrix.ts';
import type { Case } from './cases.ts';
import { fateOf } from './fate.ts';
import { findingsOf, type Sweep, sweepInWords, sweepReport } from './sweep-report.ts';

const caseAt = (number: number): Case => ({
  call: { number, op: 'write', file: 'db|.json', place: {} as never },
  fault: faultNamed('io-error'),
  kind: 'io-error',
});

test('what became of the write is told from the evidence', () => {
  const evidence = failed().done();
  const { verdict, checks } = judge(evidence);
  expect(fateOf(row({ verdict, checks }), evidence)).toMatchObject({ fate: 'refused', detail: 'connection: reset' });
  expect(fateOf(violated('recovers'), evidence)).toMatchObject({ fate: 'violated', violated: ['recovers'] });
  expect(fateOf(row({ verdict: 'missed', detail: 'never reached' }), undefined)).toMatchObject({ fate: 'missed' });
});

test('what had no time is not run, and no finding is not said to be none', () => {
  expect(fateOf(row({ verdict: 'inconclusive', detail: 'left out: the time' }), undefined)).toMatchObject({
    fate: 'not run',
  });
  const left = {
    ...SWEEP,
    findings: [],
    fates: SWEEP.fates.map((fate) => ({ ...fate, fate: 'not run', violated: [] })),
  };
  expect(sweepInWords(left)).toContain('No error that was tried breaks a promise; of 2 cases nothing is known.');
  expect(sweepReport(left)).toContain('… not run');
});

test('findings that differ in names and numbers only have one cause, the one at most calls first', () => {
  const finding = (detail: string, check = 'no-orphans') =>
    row({ verdict: 'violated', checks: [{ id: check, verdict: 'violated', detail, lines: [1] }] });
  const found = findingsOf([
    { row: finding('it is empty', 'store-valid'), one: caseAt(1) },
    { row: finding('a write left /state/db.json.17.tmp'), one: caseAt(2) },
    { row: finding('a write left /state/db.json.4711.tmp'), one: caseAt(5) },
  ]);
  expect(found.map(({ check, at }) => [check, at.map(({ call }) => call)])).toEqual([
    ['no-orphans', [2, 5]],
    ['store-valid', [1]],
  ]);
});

test('what is not known is told, with what would tell it', () => {
  const differs = { call: 2, fault: 'io-error', fate: 'not known', detail: '', violated: [], cell: 'c', sameAs: 1 };
  expect(sweepReport({ ...SWEEP, fates: [differs] })).toContain(
    '1 more are not known, because those two came to different ends: --resume looks closer',
  );
});

const SWEEP: Sweep = {
  schemaVersion: 1,
  system: 'g',
  version: '1.0.0',
  calls: [
    { call: 1, op: 'write', file: 'db|.json' },
    { call: 2, op: 'write', file: 'db|.json' },
  ],
  faults: [{ name: 'io-error', how: 'once', summary: 'EIO' }],
  runs: 1,
  represented: 1,
  fates: [
    {
      call: 1,
      fault: 'io-error',
      fate: 'violated',
      detail: 'x',
      violated: ['recovers'],
      cell: 'c',
      loopPerSecond: 700,
    },
    { call: 2, fault: 'io-error', fate: 'violated', detail: 'x', violated: ['recovers'], cell: 'c', sameAs: 1 },
  ],
  findings: [
    { check: 'recovers', detail: 'x', at: [{ call: 1, fault: 'io-error', cell: 'c' }], reproduce: 'npx again' },
  ],
  outcome: { kind: 'unexpected', reasons: [] },
  tookMs: 1_000,
};

test('the map has a row for each call, and says which call stands for another', () => {
  const report = sweepReport(SWEEP);
  expect(report).toContain('| 1 | write db\\|.json | ✗ recovers        |');
  expect(report).toContain('✗ recovers (as 1)');
  expect(sweepInWords(SWEEP)).toContain('1 run: call 1 io-error; again: npx again');
  for (const text of [report, sweepInWords(SWEEP)])
    expect(text).toContain('Call 1 (io-error): it tried without a pause while the error lasted, 700 calls a second.');
});

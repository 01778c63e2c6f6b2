import { describe, expect, test } from 'vitest';
import { FAIL_ON } from '../report/reporter.ts';
import { type Matrix, outcomeOf } from '../result/matrix.ts';
import { canary, control, row, violated } from '../test/matrix.ts';
import { exitCodeOf, gateOf } from './gate.ts';

const KNOWN = 'https://example.com/1';
const codes = (cells: Matrix['cells'], stale: Matrix['stale'] = []) => {
  const matrix = { cells, outcome: outcomeOf(cells, stale) };
  return Object.fromEntries(FAIL_ON.map((failOn) => [failOn, exitCodeOf(matrix, failOn)]));
};

describe('what fails a run', () => {
  test('nothing but what holds', () => {
    expect(codes([control, canary, row()])).toEqual({ unexpected: 0, any: 0, never: 0 });
  });

  test('a known violation', () => {
    expect(codes([control, canary, violated('boots', KNOWN)])).toEqual({ unexpected: 0, any: 1, never: 0 });
  });

  test('a new violation', () => {
    expect(codes([control, canary, violated('boots')])).toEqual({ unexpected: 1, any: 1, never: 0 });
  });

  test.each(['fixed', 'expired'] as const)('an expectation that is %s', (why) => {
    const stale = { why, system: 'g', version: '1.0.0', checks: ['boots'], issue: KNOWN, detail: 'gone' };
    expect(codes([control, canary, row()], [stale])).toEqual({ unexpected: 1, any: 1, never: 0 });
    expect(outcomeOf([control, canary, row()], [stale]).reasons).toEqual(['gone']);
  });

  test.each([
    ['a missed cell', [control, canary, row({ verdict: 'missed', expected: false })]],
    ['an inconclusive cell', [control, canary, row({ verdict: 'inconclusive', expected: false })]],
    ['a control that does not hold', [{ ...control, verdict: 'violated' as const, expected: false }, canary, row()]],
    ['a canary that sings', [control, { ...canary, verdict: 'held' as const, expected: false }, row()]],
    ['no control', [canary, row()]],
  ])('%s: never green, whatever is asked for', (_, cells) => {
    expect(codes(cells)).toEqual({ unexpected: 3, any: 3, never: 3 });
  });
});

describe('the options of the gate', () => {
  test('a file that is not there', () => {
    expect(() => gateOf({ expectations: '/nowhere/known.yaml' })).toThrow(/\/nowhere\/known\.yaml does not exist/);
  });

  test('reporters by name, in place of those that a run writes', () => {
    expect(gateOf({ reporter: ['github', 'json', 'json'] }).reporters.map(({ name }) => name)).toEqual([
      'github',
      'json',
    ]);
    expect(gateOf({}).reporters.map(({ name }) => name)).not.toContain('github');
  });
});

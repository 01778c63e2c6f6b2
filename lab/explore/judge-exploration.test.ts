import { describe, expect, test } from 'vitest';
import type { Expectation } from '../judge/expectations.ts';
import { staleExpectations } from '../judge/stale.ts';
import { outcomeOf } from '../result/matrix.ts';
import { caughtCanary, explored, exploredRow, finding } from '../test/explored.ts';
import { canary, control } from '../test/matrix.ts';

const known: Expectation = {
  versions: '1.0.0',
  crashPoint: '*',
  fault: '*',
  aftermath: '*',
  exploration: 'turn',
  checks: ['store-valid'],
  issue: 'https://example.com/1',
  note: '',
};
const cells = [control, canary];
const outcome = (...rows: Parameters<typeof outcomeOf>[2] & object) => outcomeOf(cells, [], [caughtCanary(), ...rows]);

describe('the row of an exploration', () => {
  test('holds where it was completed and nothing was found', () => {
    const row = exploredRow(explored());
    expect(row).toMatchObject({ verdict: 'held', expected: true, calls: 3, crashPoints: 12, checks: [] });
    expect(row.states).toEqual({ distinct: 6, booted: 4, stoodFor: 2 });
    expect(outcome(row)).toEqual({ kind: 'sound', reasons: [] });
  });

  test('a broken promise that nobody knows lets the run fail, with the step that is missing', () => {
    const row = exploredRow(explored([finding(), finding({ check: 'all-or-nothing' }), finding({ step: 3 })]));
    expect(row).toMatchObject({ verdict: 'violated', expected: false });
    expect(row.checks.map(({ id }) => id)).toEqual(['store-valid', 'all-or-nothing']);
    expect(row.checks[0]?.detail).toMatch(/^power-loss: the rename at call 2 .*: it is empty; and 1 more$/);
    expect(outcome(row).kind).toBe('unexpected');
  });

  test('a known finding does not, and each of them must be known', () => {
    const expectations = [known];
    const row = exploredRow(explored([finding()]), {}, { expectations });
    expect(row).toMatchObject({ expected: true, checks: [{ issue: known.issue }] });
    expect(outcome(row).kind).toBe('sound');
    const more = exploredRow(explored([finding(), finding({ check: 'serves' })]), {}, { expectations });
    expect(more.expected).toBe(false);
    // What is expected of cells says nothing of an exploration, nor the other way round.
    const { exploration: _, ...ofCells } = known;
    expect(exploredRow(explored([finding()]), {}, { expectations: [ofCells] }).expected).toBe(false);
    expect(exploredRow(explored([finding()]), {}, { expectations: [{ ...known, exploration: 'boot' }] }).expected).toBe(
      false,
    );
  });

  test('what is not promised is told, and breaks nothing', () => {
    const row = exploredRow(explored([finding({ promised: false })]));
    expect(row).toMatchObject({ verdict: 'held', expected: true, checks: [], findings: [{ promised: false }] });
  });

  test('one that was cut off, or did not run, proves nothing, and says why', () => {
    const cut = explored([], { outcome: { verdict: 'inconclusive', ofTried: 'held', reasons: ['39 of 39 were not'] } });
    expect(exploredRow(cut)).toMatchObject({ verdict: 'inconclusive', expected: false });
    expect(outcome(exploredRow(cut)).reasons[0]).toMatch(/is inconclusive: 39 of 39 were not/);
    const without = exploredRow(undefined, {}, { why: 'left out: the time was over' });
    expect(outcome(without)).toMatchObject({ kind: 'unsound', reasons: [/left out: the time was over/] });
  });

  test('the canary must be caught by the check that exists for it, and must be there', () => {
    expect(caughtCanary().expected).toBe(true);
    const missed = exploredRow(explored(), { role: 'canary' }, { mutant: { caughtBy: 'store-valid' } });
    const byAnother = exploredRow(
      explored([finding({ check: 'serves' })]),
      { role: 'canary' },
      { mutant: { caughtBy: 'store-valid' } },
    );
    for (const row of [missed, byAnother]) {
      expect(row.expected).toBe(false);
      expect(outcomeOf(cells, [], [row, exploredRow(explored())]).kind).toBe('unsound');
    }
    expect(outcomeOf(cells, [], [exploredRow(explored())])).toMatchObject({ kind: 'unsound', reasons: [/no canary/] });
  });
});

describe('a known finding that an exploration no longer has', () => {
  const stale = (...rows: Parameters<typeof staleExpectations>[0]['rows']) =>
    staleExpectations({ file: 'f.yaml', expectations: [known], rows }, '2026-11-21').map(({ why }) => why);

  test('is fixed, unless the exploration was cut off', () => {
    expect(stale(exploredRow(explored([finding()])))).toEqual([]);
    expect(stale(exploredRow(explored()))).toEqual(['fixed']);
    expect(stale(exploredRow(explored([], { complete: 'no' })))).toEqual([]);
    expect(stale(exploredRow(undefined))).toEqual([]);
    expect(stale(...cells)).toEqual([]);
  });
});

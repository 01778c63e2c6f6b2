import { describe, expect, test } from 'vitest';
import type { MatrixRow } from '../result/matrix.ts';
import { killed } from '../test/healthy-cell.ts';
import { judged, judgedRun, orphaned } from '../test/judged-run.ts';
import { bothRuns, compareRuns, countChanges } from './compare.ts';

const held = judged(killed()).row;
const broken = judged(orphaned()).row;
const missed: MatrixRow = { ...held, verdict: 'missed', expected: false, checks: [] };
const canary: MatrixRow = { ...broken, role: 'canary', expected: true };
const silent: MatrixRow = { ...held, role: 'canary', expected: false };
const matrix = (...rows: MatrixRow[]) => judgedRun([], rows).matrix;

describe('what became of a cell', () => {
  test.each([
    ['held and held', held, held, 'same'],
    ['held and violated', held, broken, 'newly-broken'],
    ['violated and held', broken, held, 'newly-fixed'],
    ['nothing known, then violated', missed, broken, 'newly-broken'],
    ['violated, then nothing known', broken, missed, 'changed'],
    ['held, then nothing known', held, missed, 'changed'],
    ['a canary that was caught sings', canary, silent, 'newly-broken'],
    ['a canary is caught again', silent, canary, 'newly-fixed'],
    ['only before', held, undefined, 'gone'],
    ['only now', undefined, held, 'added'],
  ] as const)('%s: %s', (_, before, after, change) => {
    const list = compareRuns(matrix(...[before ?? []].flat()), matrix(...[after ?? []].flat()));
    expect(list.map((one) => one.change)).toEqual([change]);
  });

  test('one check mended and another broken is newly broken, and both are told', () => {
    const checks = held.checks.map((check) =>
      check.id === 'store-valid' ? { ...check, verdict: 'violated' as const } : check,
    );
    const [change] = compareRuns(matrix(broken), matrix({ ...broken, checks }));
    expect(change?.change).toBe('newly-broken');
    expect(change?.checks.map((check) => [check.id, check.before, check.after])).toEqual([
      ['store-valid', 'held', 'violated'],
      ['no-orphans', 'violated', 'held'],
      ['sweep-on-boot', 'violated', 'held'],
    ]);
  });

  test('a second finding in a cell that was broken before is newly broken', () => {
    const once = {
      ...broken,
      checks: broken.checks.map((check) =>
        check.id === 'sweep-on-boot' ? { ...check, verdict: 'held' as const } : check,
      ),
    };
    expect(compareRuns(matrix(once), matrix(broken))[0]).toMatchObject({
      change: 'newly-broken',
      checks: [{ id: 'sweep-on-boot', before: 'held', after: 'violated' }],
    });
  });
});

test('cells of the first run alone stand at the end of both', () => {
  const other = { ...held, id: 'other' };
  const both = bothRuns(matrix(other, held), matrix(broken));
  expect(both.cells.map((row) => [row.id, row.verdict])).toEqual([
    [broken.id, 'violated'],
    ['other', 'held'],
  ]);
  expect(countChanges(compareRuns(matrix(other, held), matrix(broken)))).toEqual([
    { change: 'newly-broken', count: 1 },
    { change: 'gone', count: 1 },
  ]);
});

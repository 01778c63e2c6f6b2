import { expect, test } from 'vitest';
import type { Matrix, MatrixCell } from '../result/matrix.ts';
import { parseCellOfAny } from './cell-of.ts';
import type { Prepared } from './look-at.ts';
import { rowsOf, tableOfReleases } from './rows.ts';

const id = (version: string, fault = 'sigkill') => `x@${version}_full-temp_${fault}_1g`;
const ready = (version: string) => ({ version, id: id(version) }) as Prepared;
const cell = (version: string, verdict: MatrixCell['verdict'], more: Partial<MatrixCell> = {}) =>
  ({
    id: id(version),
    role: 'cell',
    version,
    verdict,
    expected: true,
    detail: 'as proven',
    checks: [],
    ...more,
  }) as unknown as MatrixCell;

test('a row for each release, whether it could be run or not', () => {
  const prepared: Prepared[] = [
    { version: '1.0.0', why: 'it was published once, and npm has it no more' },
    ready('1.1.0'),
    ready('1.2.0'),
    ready('1.3.0'),
    ready('1.4.0'),
    ready('1.5.0'),
  ];
  const violated = [{ id: 'no-orphans', verdict: 'violated', detail: '1 orphan', lines: [] }] as MatrixCell['checks'];
  const matrix = {
    cells: [
      cell('1.1.0', 'held'),
      cell('1.2.0', 'violated', { checks: violated }),
      // What a release does with a fault says nothing where it fails without one.
      cell('1.3.0', 'violated', { checks: violated }),
      cell('1.5.0', 'violated', {
        checks: [...violated, { ...violated[0], id: 'boots' } as MatrixCell['checks'][number]],
      }),
      cell('1.5.0', 'violated', {
        id: id('1.5.0', 'none'),
        role: 'control',
        expected: false,
        checks: [{ id: 'boots', verdict: 'violated', detail: 'anew', lines: [] }],
      }),
      cell('1.3.0', 'violated', {
        id: id('1.3.0', 'none'),
        role: 'control',
        expected: false,
        detail: 'never ready',
        checks: violated,
      }),
    ],
  } as unknown as Matrix;
  const rows = rowsOf(prepared, matrix);
  expect(rows.map(({ version, verdict, violated: checks }) => [version, verdict, ...checks])).toEqual([
    ['1.0.0', 'not-applicable'],
    ['1.1.0', 'held'],
    ['1.2.0', 'violated', 'no-orphans'],
    ['1.3.0', 'inconclusive'],
    ['1.4.0', 'inconclusive'],
    ['1.5.0', 'violated', 'no-orphans'],
  ]);
  expect(rows[3]?.detail).toBe('its control is violated: no-orphans');
  expect(rows[5]?.detail).toBe('1 orphan; without a fault too: boots');
  expect(tableOfReleases(rows)).toMatch(/1\.0\.0 .*– not-applicable .*npm has it no more/);
});

test('a cell without its system', () => {
  expect(parseCellOfAny('full-temp_sigkill')).toEqual({ crashPoint: 'full-temp', fault: 'sigkill', aftermath: 'aged' });
  expect(parseCellOfAny('x@1.0.0_boot+most_oom_640m_fresh')).toEqual({
    crashPoint: 'boot+most',
    fault: 'oom',
    aftermath: 'fresh',
    memoryBytes: 640 * 1024 * 1024,
  });
  expect(() => parseCellOfAny('full-temp')).toThrow(/is no cell without its system/);
  expect(() => parseCellOfAny('full-temp_sigkill_lots')).toThrow(/is no cell without its system/);
});

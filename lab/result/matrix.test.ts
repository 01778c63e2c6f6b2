import { describe, expect, test } from 'vitest';
import { compare, type Expectation } from '../judge/expectations.ts';
import type { CellResult } from '../judge/judge.ts';
import { plain } from '../plain.ts';
import { markdownReport } from '../report/markdown.ts';
import { terminalReport } from '../report/terminal.ts';
import { canary, control, matrixOf, row } from '../test/matrix.ts';
import { MATRIX_SCHEMA_VERSION, type Matrix, type MatrixCell, outcomeOf } from './matrix.ts';

const news = row({
  verdict: 'violated',
  expected: false,
  checks: [{ id: 'no-orphans', verdict: 'violated', detail: '1 orphan', lines: [9] }],
});

describe('what a run comes to', () => {
  test.each([
    ['all as expected', [control, canary, row(), row({ verdict: 'violated', expected: true })], 'sound'],
    ['a new violation', [control, canary, news], 'unexpected'],
    ['a cell that was missed', [control, canary, news, row({ verdict: 'missed', expected: false })], 'unsound'],
    ['a cell that is inconclusive', [control, canary, row({ verdict: 'inconclusive', expected: false })], 'unsound'],
    [
      'a known violation beside an inconclusive check',
      [
        control,
        canary,
        row({
          verdict: 'violated',
          expected: true,
          checks: [{ id: 'boots', verdict: 'inconclusive', detail: '', lines: [] }],
        }),
      ],
      'unsound',
    ],
    [
      'a control that does not hold',
      [row({ role: 'control', verdict: 'violated', expected: false }), canary, row()],
      'unsound',
    ],
    ['a canary that sings', [control, row({ role: 'canary', verdict: 'held', expected: false }), row()], 'unsound'],
    ['no control', [canary, row()], 'unsound'],
    ['no canary', [control, row()], 'unsound'],
    ['nothing', [], 'unsound'],
  ] as const)('%s: %s', (_, cells, kind) => {
    expect(outcomeOf(cells as readonly MatrixCell[]).kind).toBe(kind);
  });
});

test('a hundred attempts at one box are one line with their count', () => {
  const cells = [control, canary, news, ...Array.from({ length: 100 }, () => row())];
  const matrix = matrixOf(cells);
  for (const report of [terminalReport(matrix, { colour: false }), markdownReport(matrix)]) {
    expect(report).toMatch(/100 × \S+ held/);
    expect(report).toMatch(/NEW no-orphans|no-orphans \(new\)/);
  }
});

describe('expectations', () => {
  const known: Expectation[] = [
    {
      versions: '<=1.2.0',
      crashPoint: 'full-*',
      fault: '*',
      aftermath: 'aged',
      checks: ['no-orphans'],
      issue: 'https://example.com/1',
      note: '',
    },
  ];
  const result = (...violated: string[]): CellResult => ({
    verdict: violated.length > 0 ? 'violated' : 'held',
    detail: '',
    durationMs: 1,
    checks: ['no-orphans', 'store-valid'].map((id) => ({
      id,
      verdict: violated.includes(id) ? 'violated' : 'held',
      detail: '',
      lines: [],
    })),
  });

  test('a known violation is expected and carries its issue', () => {
    const { expected, checks } = compare(row(), result('no-orphans'), known, undefined);
    expect(expected).toBe(true);
    expect(checks[0]?.issue).toBe('https://example.com/1');
  });

  test.each([
    ['another check', row(), result('no-orphans', 'store-valid')],
    ['another version', row({ version: '1.3.0' }), result('no-orphans')],
    ['another crash point', row({ crashPoint: 'torn-temp' }), result('no-orphans')],
    ['another aftermath', row({ aftermath: 'fresh' }), result('no-orphans')],
  ])('%s is not', (_, cell, judged) => {
    expect(compare(cell, judged, known, undefined).expected).toBe(false);
  });

  test('a canary must be caught by the check that exists for it', () => {
    const itself = { caughtBy: 'store-valid', says: '^$' };
    expect(compare(row(), result('store-valid'), [], itself).expected).toBe(true);
    expect(compare(row(), result('no-orphans'), [], itself).expected).toBe(false);
    expect(compare(row(), result(), [], itself).expected).toBe(false);
    expect(compare(row(), result('store-valid'), [], { ...itself, says: 'something else' }).expected).toBe(false);
  });
});

describe('text from a container does nothing', () => {
  const hostile = '\u001b[2J\u001b]0;owned\u0007<script>alert(1)</script>`x`|a\n| b |\u202e';
  const matrix: Matrix = {
    schemaVersion: MATRIX_SCHEMA_VERSION,
    run: { id: 'r', startedAt: '', engine: 'e', kernel: 'k', cgroupVersion: 1, midwriteVersion: '0' },
    outcome: { kind: 'unsound', reasons: [hostile] },
    stale: [],
    explorations: [],
    cells: [
      row({
        verdict: 'violated',
        expected: false,
        detail: hostile,
        checks: [{ id: 'store-valid', verdict: 'violated', detail: hostile, lines: [2] }],
      }),
    ],
  };

  test('in the terminal', () => {
    const text = terminalReport(matrix, { colour: false });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f\u202e]/);
    expect(text).toContain('\\u001b[2J');
  });

  test('in Markdown', () => {
    const text = markdownReport(matrix);
    expect(text).not.toContain('<script>');
    expect(text).not.toContain('\u001b');
    expect(text).toContain('\\`x\\`\\|a');
  });

  test('a line break stays one', () => {
    expect(plain('a\nb\tc')).toBe('a\nb\\u0009c');
  });
});

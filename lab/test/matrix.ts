import { MATRIX_SCHEMA_VERSION, type Matrix, type MatrixCell, outcomeOf } from '../result/matrix.ts';

/** Rows of a matrix, for tests to change in one place. */
export const row = (more: Partial<MatrixCell> = {}): MatrixCell => ({
  id: 'g@1.0.0_full-temp_sigkill_1g',
  role: 'cell',
  system: 'g',
  version: '1.0.0',
  crashPoint: 'full-temp',
  fault: 'sigkill',
  aftermath: 'aged',
  memoryBytes: 1024 ** 3,
  verdict: 'held',
  expected: true,
  detail: 'held at rename',
  durationMs: 10,
  checks: [{ id: 'store-valid', verdict: 'held', detail: 'fine', lines: [] }],
  reproduce: 'npx midwrite run --cell g@1.0.0_full-temp_sigkill_1g',
  ...more,
});

export const control = row({ id: 'control', role: 'control', fault: 'none' });
export const canary = row({ id: 'canary', role: 'canary', verdict: 'violated' });

/** A row that is violated in one check, known or not. */
export const violated = (check: string, issue?: string): MatrixCell =>
  row({
    id: `${check} ${issue === undefined ? 'new' : 'known'}`,
    verdict: 'violated',
    expected: issue !== undefined,
    checks: [{ id: check, verdict: 'violated', detail: '1 orphan', lines: [9], ...(issue !== undefined && { issue }) }],
  });

export const matrixOf = (cells: readonly MatrixCell[], more: Partial<Matrix> = {}): Matrix => ({
  schemaVersion: MATRIX_SCHEMA_VERSION,
  run: {
    id: 'r',
    startedAt: '2026-11-21T10:00:00.000Z',
    engine: 'e',
    kernel: 'k',
    cgroupVersion: 1,
    midwriteVersion: '0',
  },
  outcome: outcomeOf(cells),
  stale: [],
  cells: [...cells],
  explorations: [],
  ...more,
});

/** What a program under test may call a file or write into its log. */
export const HOSTILE =
  '\u001b[2J\u001b]0;owned\u0007</failure><script>alert(1)</script>]]>&amp;"\'\n::error::x%0A\u0000\u0001\uFFFE\uFFFF\uD800 \u202E😀';

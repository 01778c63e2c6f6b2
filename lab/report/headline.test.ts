import { expect, test } from 'vitest';
import { canary, control, matrixOf, row } from '../test/matrix.ts';
import { headlines } from './headline.ts';
import { markdownReport } from './markdown.ts';
import { overview } from './page/overview.ts';
import { terminalReport } from './terminal.ts';

const issue = 'https://github.com/openclaw/openclaw/issues/89520';
const check = (verdict: 'held' | 'violated', known = false) => ({
  id: 'no-orphans',
  verdict,
  detail: 'x',
  lines: [],
  ...(known && { issue }),
});
const known = row({ verdict: 'violated', expected: true, checks: [check('violated', true)] });
const fresh = row({ verdict: 'violated', expected: false, checks: [check('violated')] });
const words = (...cells: Parameters<typeof matrixOf>[0]) => headlines(matrixOf(cells)).map((one) => one.words);

test('what was violated comes first, and whether it is known', () => {
  expect(words(row(), row())).toEqual(['all 2 cells held']);
  expect(words(row(), known)).toEqual(['1 of 2 cells violated, all known (#89520)']);
  expect(words(fresh)).toEqual(['1 of 1 cell violated, none known']);
  expect(words(fresh, known, row({ verdict: 'missed', expected: false }))).toEqual([
    '2 of 3 cells violated, 1 of them new (#89520); 1 cell without a verdict',
  ]);
  expect(words(row(), row({ verdict: 'not-applicable' }))).toEqual(['1 of 2 cells held']);
});

test('every report for people says it before whether the run is sound; controls are not counted', () => {
  const matrix = matrixOf([row(), known, control, canary]);
  const said = '1 of 2 cells violated, all known';
  for (const text of [terminalReport(matrix, { colour: false }), markdownReport(matrix)]) {
    expect(text).toContain(said);
    expect(text.indexOf(said)).toBeLessThan(text.search(/Result: |\*\*(Sound|Not)/));
  }
  expect(overview(matrix).toString()).toContain('1 of 2 cells violated, all known (#89520)');
});

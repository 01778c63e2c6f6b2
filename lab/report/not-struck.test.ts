import { expect, test } from 'vitest';
import { canary, matrixOf, row } from '../test/matrix.ts';
import { markdownReport } from './markdown.ts';
import { notStruck } from './not-struck.ts';
import { overview } from './page/overview.ts';
import { terminalReport } from './terminal.ts';

const mapped = row({ system: 'gdbm', mapped: ['db.gdbm'] });
const matrix = matrixOf([mapped, row({ ...mapped, id: 'another' }), row(), canary]);

test('each system once, with its files', () => {
  expect(notStruck(matrix.cells)).toEqual([{ system: 'gdbm@1.0.0', files: ['db.gdbm'] }]);
});

test('every report for people says what was not tried, and nothing where all was', () => {
  const [terminal, markdown, page] = [
    terminalReport(matrix, { colour: false }),
    markdownReport(matrix),
    overview(matrix),
  ];
  for (const report of [terminal, markdown, page.toString()]) {
    expect(report).toContain('Not tried');
    expect(report).toContain('db.gdbm');
  }
  const whole = matrixOf([row(), canary]);
  expect(terminalReport(whole, { colour: false })).not.toContain('Not tried');
  expect(markdownReport(whole)).not.toContain('Not tried');
  expect(overview(whole).toString()).not.toContain('Not tried');
});

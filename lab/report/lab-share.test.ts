import { expect, test } from 'vitest';
import { canary, control, matrixOf, row } from '../test/matrix.ts';
import { labShare, labShareInWords } from './lab-share.ts';
import { markdownReport } from './markdown.ts';
import { overview } from './page/overview.ts';
import { terminalReport } from './terminal.ts';

const matrix = matrixOf([row(), control, canary]);
const timed = matrixOf([row({ durationMs: 4_000, systemMs: 3_000 }), control, canary]);

test('of the cells of which it is known', () => {
  expect(labShare(timed)).toEqual({ cellsMs: 4_000, systemMs: 3_000 });
  expect(labShare(matrix)).toBeUndefined();
});

test('every report for people says it, and where it is not known nothing', () => {
  const said = labShareInWords(timed) ?? '';
  expect(said).toMatch(/^Lab overhead: 25 % \(1\.0 s of 4\.0 s/);
  expect(terminalReport(timed, { colour: false })).toContain(said);
  expect(markdownReport(timed)).toContain(said);
  expect(overview(timed).toString()).toContain('Lab overhead: 25 %');
  expect(terminalReport(matrix, { colour: false })).not.toContain('Lab overhead');
});

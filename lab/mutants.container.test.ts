import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { mutants } from '../images/index.ts';
import type { Kill } from './report/kill-table.ts';
import { Matrix } from './result/matrix.ts';
import type { System } from './system.ts';
import { isFull } from './test/full.ts';
import { folder, midwrite } from './test/midwrite.ts';

describe('midwrite mutants', () => {
  const byCell = mutants.filter((one) => one.mutant !== undefined && 'crashPoint' in one.mutant.shownBy);
  const byScenario = mutants.filter((one) => !byCell.includes(one));

  /** Of each check the first one. */
  const ofEachCheck = byCell.filter(
    ({ mutant }, index) => byCell.findIndex((one) => one.mutant?.caughtBy === mutant?.caughtBy) === index,
  );

  test('a mutant of each check is caught by it, and the right gateway holds there', () =>
    areCaught(isFull ? byCell : ofEachCheck));

  test.runIf(isFull)('so is every mutant that a scenario shows', () => areCaught(byScenario));

  async function areCaught(shown: readonly System[]) {
    await using root = await folder();
    const defects = shown.flatMap((one) => ['--defect', one.mutant?.defect ?? '']);
    const ran = await midwrite(['mutants', ...defects, '--json', '--results', root.path]);
    const list = JSON.parse(ran.stdout) as Kill[];
    const matrix = Matrix.parse(JSON.parse(await readFile(`${root.path}/latest/matrix.json`, 'utf8')));

    const wrong = matrix.cells.filter(
      (cell) => !cell.expected || (cell.role !== 'mutant' && cell.role !== 'canary' && cell.verdict !== 'held'),
    );
    expect(
      wrong.map(({ id, verdict, detail, checks }) => ({
        id,
        verdict,
        detail,
        checks: checks.filter((check) => check.verdict === 'violated'),
      })),
    ).toEqual([]);
    expect(ran.exitCode).toBe(0);
    expect(list.map((kill) => kill.caughtBy)).toEqual(shown.map((one) => one.mutant?.caughtBy));

    // The line that is named is in the file, and is an observation.
    for (const { evidence, defect } of list) {
      if (evidence === null) continue;
      const [, file = '', line = ''] = /^(.*):(\d+)$/.exec(evidence) ?? [];
      const text = (await readFile(file, 'utf8')).split('\n')[Number(line) - 1] ?? '';
      expect(JSON.parse(text), defect).toHaveProperty('type');
    }
  }

  test('a defect that is not there is told, with those that are', async () => {
    const ran = await midwrite(['mutants', '--defect', 'nope']);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toMatch(/Unknown mutant "nope"\. Available: write-in-place, no-file-sync/);
  });
});

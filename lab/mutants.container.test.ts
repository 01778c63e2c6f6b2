import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { mutants, unseenDefects } from '../images/index.ts';
import type { Kill } from './report/kill-table.ts';
import { Matrix } from './report/matrix.ts';
import { folder, midwrite } from './test/midwrite.ts';

describe('midwrite mutants', () => {
  test('every mutant is caught by the check that exists for it, and the right gateway holds in the same cells', async () => {
    await using root = await folder();
    const ran = await midwrite(['mutants', '--json', '--results', root.path]);
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
    expect(list.filter((kill) => kill.caughtBy !== null)).toHaveLength(mutants.length);
    expect(list.filter((kill) => kill.caughtBy === null).map((kill) => kill.defect)).toEqual(
      unseenDefects.map((one) => one.defect),
    );

    // The line that is named is in the file, and is an observation.
    for (const { evidence, defect } of list) {
      if (evidence === null) continue;
      const [, file = '', line = ''] = /^(.*):(\d+)$/.exec(evidence) ?? [];
      const text = (await readFile(file, 'utf8')).split('\n')[Number(line) - 1] ?? '';
      expect(JSON.parse(text), defect).toHaveProperty('type');
    }
  });

  test('a defect that is not there is told, with those that are', async () => {
    const ran = await midwrite(['mutants', '--defect', 'nope']);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toMatch(/there is no mutant "nope"\. There are: write-in-place, no-file-sync/);
  });
});

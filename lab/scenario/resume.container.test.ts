import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { loadEvidence } from '../evidence/cell-evidence.ts';
import { isScenario, Matrix } from '../result/matrix.ts';
import { folder, midwrite } from '../test/midwrite.ts';
import { until } from '../wait.ts';

const SCENARIO = 'openclaw-89520';
const ID = `${SCENARIO}_reference@1.0.0_192m_quick`;

test('a scenario whose lab is killed is taken up again without losing its points', async () => {
  await using root = await folder();
  const latest = path.join(root.path, 'latest');
  const pointsIn = async () => (await loadEvidence(path.join(latest, 'cells', ID)))?.of('point') ?? [];
  const lab = midwrite(['scenario', SCENARIO, '--system', 'reference', '--quick', '--results', root.path]);
  const before = await until({ name: 'three points to be taken', limitMs: 300_000 }, async (note) => {
    const points = await pointsIn();
    note(`${points.length} are there`);
    return points.length >= 3 ? points : undefined;
  });
  lab.kill('SIGKILL');
  await lab;
  expect((await midwrite(['judge', latest])).exitCode).toBe(3);

  const other = await midwrite(['run', '--resume', latest, '--fault', 'oom']);
  expect(other.exitCode).toBe(2);
  expect(other.stderr).toMatch(/--resume runs what its run had planned: it does not go with --fault/);

  const resumed = await midwrite(['scenario', '--resume', latest, '--json']);
  expect(resumed.exitCode, resumed.stdout + resumed.stderr).toBe(0);
  const matrix = Matrix.parse(JSON.parse(await readFile(path.join(latest, 'matrix.json'), 'utf8')));
  expect(matrix.run.resumedAt).toHaveLength(1);
  const [row] = matrix.cells.filter(isScenario);
  expect(row).toMatchObject({ id: ID, verdict: 'held', detail: expect.stringContaining('taken up again once') });

  const after = await pointsIn();
  expect(after.slice(0, before.length)).toEqual(before);
  const [curve] = row?.curves ?? [];
  // Each crash once, in order, and none before the first of the second pod was done twice.
  const crashes = (curve?.points ?? []).filter(([x]) => x > 0).map(([x]) => x);
  expect([...new Set(crashes)]).toEqual([1, 2, 3, 4]);
  expect(new Set(curve?.points.map(([, , segment]) => segment))).toEqual(new Set([1, 2]));

  // Nothing is left to do.
  const again = await midwrite(['run', '--resume', latest, '--json']);
  expect(again.exitCode).toBe(0);
  expect(await pointsIn()).toEqual(after);
});

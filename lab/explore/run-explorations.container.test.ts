import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { connect, type Engine } from '../engine/engine.ts';
import { plan } from '../plan/plan.ts';
import { buildImages } from '../run/images.ts';
import { judgeRun } from '../run/judge-run.ts';
import { runPlan } from '../run/run.ts';
import { isFull } from '../test/full.ts';
import { folder } from '../test/midwrite.ts';
import { silent } from '../test/silent.ts';
import { planExplorations } from './plan-explorations.ts';

const LIMIT_MS = 480_000;

let engine: Engine;
beforeAll(async () => {
  engine = await connect(() => undefined);
});

// The command line's own test has a run that explores, one state of each.
test.runIf(isFull)(
  'a run explores its system: a row that holds, a canary that is caught, the same from the files alone, and nothing twice',
  {
    timeout: LIMIT_MS,
  },
  async () => {
    await using root = await folder();
    const cells = await plan({
      systems: [],
      faults: [],
      crashPoints: [],
      memory: [],
      cells: ['reference@1.0.0_full-temp_sigkill_192m'],
      repeat: 1,
    });
    const { signal } = new AbortController();
    const asked = cells.filter(({ role }) => role === 'cell');
    const planned = await planExplorations(
      asked.map(({ release, spec }) => ({ release, memoryBytes: spec.memoryBytes })),
      { workloads: ['turn'] },
    );
    // Half the time: what is under test here is the run.
    const explorations = planned.map((one) => ({ ...one, row: { ...one.row, models: ['process-crash'] } }));
    const images = await buildImages(engine, cells, { say: () => undefined, signal });
    const options = { resultsRoot: root.path, jobs: 2, signal, progress: silent, explorations };
    const { matrix, results } = await runPlan(engine, cells, images, options);
    expect(matrix.outcome).toEqual({ kind: 'sound', reasons: [] });
    const [canary, right] = matrix.explorations;
    expect(canary).toMatchObject({ role: 'canary', verdict: 'violated', expected: true });
    expect(canary?.checks.map(({ id }) => id)).toContain('store-valid');
    expect(right).toMatchObject({ system: 'reference', verdict: 'held', complete: 'by-representatives', findings: [] });
    expect(right?.states.booted).toBeGreaterThan(10);
    expect(await judgeRun(results)).toEqual(matrix);
    const page = await readFile(path.join(results.folder, 'report.html'), 'utf8');
    expect(page).toContain('data-page="exploration/explore-turn_reference@1.0.0_192m"');

    // Taken up again, what came to its end is kept.
    const file = path.join(results.exploration(right?.id ?? ''), 'exploration.json');
    const before = (await stat(file)).mtimeMs;
    const again = await runPlan(engine, cells, images, { ...options, resume: results });
    expect((await stat(file)).mtimeMs).toBe(before);
    expect(again.matrix.explorations).toEqual(matrix.explorations);
    expect(existsSync(path.join(results.exploration(right?.id ?? ''), 'recoveries'))).toBe(false);
  },
);

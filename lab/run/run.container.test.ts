import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { reference } from '../../images/reference/system.ts';
import { connect, type Engine } from '../engine/engine.ts';
import { plan } from '../plan/plan.ts';
import type { PlannedCell } from '../plan/planned.ts';
import type { Matrix, MatrixRow } from '../result/matrix.ts';
import { ResultsFolder } from '../results.ts';
import type { Boot, HttpRequest, Release } from '../system.ts';
import { belongings, folder } from '../test/midwrite.ts';
import { silent } from '../test/silent.ts';
import { buildImages } from './images.ts';
import { judgeRun } from './judge-run.ts';
import { runPlan } from './run.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await connect(() => undefined);
});

const all = { systems: [], faults: [], crashPoints: [], memory: [], cells: [], repeat: 1 };

async function runCells(
  cells: readonly PlannedCell[],
  resultsRoot: string,
): Promise<{ matrix: Matrix; results: ResultsFolder }> {
  const { signal } = new AbortController();
  const images = await buildImages(engine, cells, { say: () => undefined, signal });
  return runPlan(engine, cells, images, { resultsRoot, jobs: 2, signal, progress: silent });
}

const verdicts = (cell: MatrixRow | undefined) =>
  Object.fromEntries((cell?.checks ?? []).map((check) => [check.id, check.verdict]));
const find = (matrix: Matrix, part: string) => matrix.cells.find((cell) => cell.id.includes(part));

describe('the reference gateway', () => {
  test('holds under every fault at every crash point, the canary is caught, and the files alone say the same', async () => {
    await using root = await folder();
    const cells = await plan({ ...all, systems: ['reference'] });
    const { matrix, results } = await runCells(cells, root.path);

    expect(matrix.outcome).toEqual({ kind: 'sound', reasons: [] });
    expect(matrix.cells.map((cell) => cell.id)).toEqual(cells.map((cell) => cell.id));
    for (const cell of matrix.cells.filter((one) => one.role !== 'canary'))
      expect(cell, cell.id).toMatchObject({ verdict: 'held', expected: true });
    expect(find(matrix, 'canary')).toMatchObject({ verdict: 'violated', expected: true });

    // A proof of each fault, in its own words.
    expect(find(matrix, 'full-temp_sigkill')?.detail).toMatch(
      /held at rename .*\.tmp \(before\); the engine reported SIGKILL and exit 137, and no OOM/,
    );
    expect(find(matrix, 'torn-temp_oom')?.detail).toMatch(
      /held at write .*\.tmp \(torn\); the cgroup's oom_kill counter rose by 1/,
    );
    expect(find(matrix, 'replaced_sleep')?.detail).toMatch(
      /held at rename .*\.tmp \(after\); frozen for \d+ ms, files 8 h older/,
    );
    // What the crash points leave: the checks saw it go.
    const sweep = find(matrix, 'full-temp_sigkill_192m')?.checks.find((check) => check.id === 'sweep-on-boot');
    expect(sweep?.detail).toMatch(/it removed 1 itself, \d+ ms after its start; left alone: foreign file, young temp/);
    const kept = find(matrix, 'corrupt-store')?.checks.find((check) => check.id === 'sweep-on-boot');
    expect(kept?.detail).toMatch(/1 temp kept, since the store was unreadable/);

    expect(await judgeRun(new ResultsFolder(results.folder))).toEqual(matrix);
    expect(JSON.parse(await readFile(path.join(results.folder, 'matrix.json'), 'utf8'))).toEqual(matrix);
    expect(await readFile(path.join(root.path, 'latest/matrix.md'), 'utf8')).toContain('| reference@1');
    expect(await belongings(engine, process.pid)).toEqual([]);
  });
});

describe('the real OpenClaw', () => {
  test('a kill before the rename leaves an orphan that outlives the boot, and the store stays whole', async () => {
    await using root = await folder();
    const { matrix } = await runCells(
      await plan({ ...all, cells: ['openclaw@2026.5.28_full-temp_sigkill_768m'] }),
      root.path,
    );
    const cell = matrix.cells.find((one) => one.role === 'cell');
    expect(verdicts(cell)).toMatchObject({
      'store-valid': 'held',
      'all-or-nothing': 'held',
      'acked-durable': 'held',
      'no-orphans': 'violated',
      'sweep-on-boot': 'violated',
      boots: 'held',
      serves: 'held',
    });
    expect(cell?.checks.find((check) => check.id === 'no-orphans')).toMatchObject({
      issue: expect.stringContaining('89520'),
      detail: expect.stringMatching(/sessions\.json\.\d+\..*\.tmp/),
    });
    expect(cell).toMatchObject({
      verdict: 'violated',
      expected: true,
      reproduce: 'npx midwrite run --cell openclaw@2026.5.28_full-temp_sigkill_768m',
    });
    expect(matrix.outcome.kind).toBe('sound');
    expect(matrix.cells.find((one) => one.role === 'control')).toMatchObject({ verdict: 'held' });
  });
});

/** The reference gateway's image with another program in it: what a system can do wrong. */
async function withSystem(change: {
  boot?: Partial<Boot>;
  write?: Partial<HttpRequest>;
  readyWithinMs?: number;
}): Promise<PlannedCell> {
  const cells = await plan({ ...all, cells: ['reference@1.0.0_full-temp_sigkill_192m'] });
  const cell = cells.find((one) => one.role === 'cell');
  if (cell === undefined) throw new Error('the plan has no cell');
  const release: Release = await reference.release('1.0.0');
  return {
    ...cell,
    release: {
      ...release,
      boot: { ...release.boot, ...change.boot },
      write: { ...release.write, ...change.write } as Release['write'],
      promises: { ...release.promises, readyWithinMs: change.readyWithinMs ?? release.promises.readyWithinMs },
    },
  };
}

async function runOne(cell: PlannedCell): Promise<MatrixRow | undefined> {
  await using root = await folder();
  const { matrix } = await runCells([cell], root.path);
  // Without its controls no run is sound, whatever the cell says.
  expect(matrix.outcome.kind).toBe('unsound');
  expect(await belongings(engine, process.pid)).toEqual([]);
  return matrix.cells[0];
}

describe('bad luck', () => {
  test('a system that never gets ready: missed, with its last lines', async () => {
    const cell = await runOne(
      await withSystem({
        boot: { command: ['sh', '-c', 'echo waiting for Godot; exec sleep 600'] },
        readyWithinMs: 1_500,
      }),
    );
    expect(cell?.verdict).toBe('missed');
    expect(cell?.detail).toMatch(/not ready within 1\.5 s[\s\S]*waiting for Godot/);
  });

  test('a system that ends at its boot: missed, with its exit code and its last lines', async () => {
    const cell = await runOne(await withSystem({ boot: { command: ['sh', '-c', 'echo no config >&2; exit 78'] } }));
    expect(cell?.verdict).toBe('missed');
    expect(cell?.detail).toMatch(/ended with code 78 before it was ready[\s\S]*no config/);
  });

  test('a program that does not exist: inconclusive, with what writegate says', async () => {
    const cell = await runOne(await withSystem({ boot: { command: ['/no/such/system'] } }));
    expect(cell?.verdict).toBe('inconclusive');
    expect(cell?.detail).toMatch(/no-such-command/);
  });

  test('a turn that never writes the store: missed, with what was seen instead', async () => {
    const cell = await runOne(await withSystem({ write: { method: 'GET', path: '/readyz' } }));
    expect(cell?.verdict).toBe('missed');
    expect(cell?.detail).toMatch(/the crash point was never reached/);
  });

  test('a system that eats its memory: the OOM is its own and not the injected one', async () => {
    const eat =
      "setTimeout(() => { const all = []; for (;;) all.push(Buffer.alloc(1e7, 1)); }, 50); import('/opt/gateway/main.ts')";
    const cell = await runOne(await withSystem({ boot: { command: ['node', '--input-type=module', '-e', eat] } }));
    expect(['missed', 'violated', 'inconclusive']).toContain(cell?.verdict);
    expect(cell?.verdict).not.toBe('held');
    expect(cell?.detail).toMatch(/signal 9/);
  });

  test('a run that was cut off reads as incomplete', async () => {
    await using root = await folder();
    const { results } = await runCells(
      await plan({ ...all, cells: ['reference@1.0.0_replaced_sleep_192m'] }),
      root.path,
    );
    const file = await results.readRun();
    const [first] = await readdir(path.join(results.folder, 'cells'));
    await results.writeRun({
      ...file,
      state: 'running',
      plan: [...file.plan, { ...(file.plan[0] as (typeof file.plan)[0]), id: 'never-ran' }],
    });
    const matrix = await judgeRun(results);
    expect(first).toBeDefined();
    expect(matrix.outcome.kind).toBe('unsound');
    expect(matrix.outcome.reasons[0]).toMatch(/did not come to its end/);
    expect(matrix.cells.at(-1)).toMatchObject({ id: 'never-ran', verdict: 'inconclusive' });
  });
});

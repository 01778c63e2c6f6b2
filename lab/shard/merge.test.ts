import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keepAsked } from '../explore/asked.ts';
import type { Exploration } from '../explore/exploration.ts';
import { keepExploration } from '../explore/run-explorations.ts';
import { plan } from '../plan/plan.ts';
import type { Planned } from '../plan/planned.ts';
import { markdownReport } from '../report/markdown.ts';
import type { AnyRow, Matrix } from '../result/matrix.ts';
import { type PlannedRow, ResultsFolder, type RunFile, type Shard } from '../results.ts';
import { plannedRow } from '../run/begin-run.ts';
import { judgeRun } from '../run/judge-run.ts';
import { explored, finding, plannedExploration } from '../test/explored.ts';
import { folder } from '../test/midwrite.ts';
import { runOfVersion1 } from '../test/stored-run.ts';
import { shardOf } from './cut.ts';
import { mergeShards } from './merge.ts';

const COUNT = 4;
let planned: Planned[];
let real: Awaited<ReturnType<typeof runOfVersion1>>;

/** Folders of real evidence by role: what a cell of that role left. */
const EVIDENCE = {
  control: 'reference@1.0.0_full-temp_none_192m',
  canary: 'canary@1.0.0_torn-temp_sigkill_192m',
  cell: 'reference@1.0.0_full-temp_sigkill_192m',
  mutant: 'canary@1.0.0_torn-temp_sigkill_192m',
} as const;

beforeAll(async () => {
  real = await runOfVersion1();
  const crashPoints = ['full-temp', 'replaced'];
  planned = await plan({ systems: ['reference'], faults: [], crashPoints, memory: [], cells: [], repeat: 1 });
});
afterAll(() => real[Symbol.asyncDispose]());

/** A run with real evidence in every cell. */
async function storeRun(root: string, id: string, cells: readonly Planned[], shard?: Shard): Promise<string> {
  const facts = { engine: 'Docker Engine 1', kernel: '6', cgroupVersion: 1 as const, midwriteVersion: '1' };
  const file: RunFile = {
    schemaVersion: 2,
    run: { id, startedAt: `2026-11-21T10:00:0${shard?.index ?? 0}.000Z`, durationMs: 1_000, ...facts },
    state: 'complete',
    plan: cells.map(plannedRow),
    shard,
  };
  const results = await ResultsFolder.create(root, file);
  for (const cell of cells)
    await cp(path.join(real.path, 'cells', EVIDENCE[cell.role]), results.cell(cell.id), { recursive: true });
  return results.folder;
}

async function storeShards(root: string): Promise<string[]> {
  const folders: string[] = [];
  for (let index = 1; index <= COUNT; index += 1) {
    const { cells, shard } = shardOf(planned, plannedRow, { index, count: COUNT }, new Map(), '1');
    folders.push(await storeRun(root, `shard-${index}`, cells, shard));
  }
  return folders;
}

async function change(run: string, more: (file: RunFile) => Partial<RunFile>): Promise<void> {
  const results = new ResultsFolder(run);
  const file = await results.readRun();
  await results.writeRun({ ...file, ...more(file) });
}

async function mergedMatrix(folders: readonly string[], root: string): Promise<Matrix> {
  return judgeRun(await mergeShards(folders, root));
}

const idsIn = async (run: string, role: PlannedRow['role']) =>
  (await new ResultsFolder(run).readRun()).plan.filter((row) => row.role === role).map(({ id }) => id);

describe('merged shards', () => {
  test('are the same as the whole run, but for times', async () => {
    await using root = await folder();
    const whole = await judgeRun(new ResultsFolder(await storeRun(root.path, 'whole', planned)));
    const folders = await storeShards(root.path);
    const merged = await mergedMatrix(folders.toReversed(), root.path);
    expect(whole.outcome).toEqual({ kind: 'sound', reasons: [] });
    expect({ ...merged, run: undefined }).toEqual({ ...whole, run: undefined });
    expect(merged.run).toMatchObject({ engine: whole.run.engine, kernel: whole.run.kernel });
    expect(merged.run.shards?.map(({ shard, id }) => [shard, id])).toEqual(
      [1, 2, 3, 4].map((shard) => [shard, `shard-${shard}`]),
    );
    const text = (matrix: Matrix) => markdownReport(matrix).replace(matrix.run.id, 'ID');
    expect(text(merged)).toBe(text(whole));
  });

  test('of two machines: what is true of one is said of it and of its cells, and of no other', async () => {
    await using root = await folder();
    const folders = await storeShards(root.path);
    const other = { engine: 'Docker Engine 26', kernel: '6.12', cgroupVersion: 2 as const, on: 'machine' as const };
    await change(folders[1] ?? '', ({ run }) => ({ run: { ...run, ...other } }));
    const { run, cells, outcome } = await mergedMatrix(folders, root.path);
    expect(outcome.kind).toBe('sound');
    expect(run).toMatchObject({ engine: 'Docker Engine 1; Docker Engine 26', kernel: '6; 6.12' });
    expect(run).not.toHaveProperty('cgroupVersion');
    expect(run).not.toHaveProperty('on');
    expect(run.shards?.map(({ cgroupVersion, on }) => [cgroupVersion, on])).toEqual([
      [1, undefined],
      [2, 'machine'],
      [1, undefined],
      [1, undefined],
    ]);
    const second = await idsIn(folders[1] ?? '', 'cell');
    expect(second).not.toHaveLength(0);
    const isThere = ({ reproduce }: AnyRow) => reproduce.endsWith(' --on machine');
    expect(cells.filter(isThere).map(({ id }) => id)).toEqual(second);
    expect(run.shards?.flatMap(({ cells: of = [] }) => of).toSorted()).toEqual(cells.map(({ id }) => id).toSorted());
  });

  test('run with a config: their cells are run again with it', async () => {
    await using root = await folder();
    const folders = await storeShards(root.path);
    for (const one of folders) await change(one, ({ run }) => ({ run: { ...run, again: 'run --config mine.ts' } }));
    const { run, cells } = await mergedMatrix(folders, root.path);
    expect(run.again).toBe('run --config mine.ts');
    expect(cells.every(({ reproduce }) => reproduce.startsWith('npx midwrite run --config mine.ts --cell '))).toBe(
      true,
    );
  });

  test('judged again from their files alone they say the same', async () => {
    await using root = await folder();
    const results = await mergeShards(await storeShards(root.path), root.path);
    await Promise.all([1, 2, 3, 4].map((n) => rm(path.join(root.path, `shard-${n}`), { recursive: true })));
    expect((await judgeRun(new ResultsFolder(results.folder))).outcome.kind).toBe('sound');
  });

  test('each shard is sound by itself', async () => {
    await using root = await folder();
    for (const run of await storeShards(root.path))
      expect((await judgeRun(new ResultsFolder(run))).outcome, run).toEqual({ kind: 'sound', reasons: [] });
  });
});

describe('explorations in shards', () => {
  const turn = plannedExploration();
  const broken = plannedExploration({ id: 'explore-turn_canary@1.0.0_192m', role: 'canary', system: 'canary' });
  const caught = explored([finding({ model: 'process-crash' })]);

  /** Each shard has its part of one, and the whole of the canary's. */
  async function storeExplored(
    root: string,
    ofShard: (index: number) => { turn?: Partial<Exploration>; planHash?: string; canary?: Exploration } = () => ({}),
  ): Promise<string[]> {
    const folders = await storeShards(root);
    for (const [at, run] of folders.entries()) {
      await change(run, () => ({ schemaVersion: 4, explorations: [broken, turn] }));
      const shard = { index: at + 1, count: COUNT };
      const { turn: more, planHash = 'abc', canary = caught } = ofShard(shard.index);
      const groups = { write: [], recovery: [] };
      const part = explored([], { shard: { ...shard, planHash, groups }, ...more });
      for (const [{ id, system, version, exploration: workload }, found] of [
        [broken, canary],
        [turn, part],
      ] as const) {
        const into = new ResultsFolder(run).exploration(id);
        await keepExploration(into, found);
        const asked = { midwriteVersion: '1', system, version, image: 'i', workload, models: [], everyState: false };
        await keepAsked(into, { ...asked, seed: 1, samples: 1, ...(id === turn.id && { shard }) });
      }
    }
    return folders;
  }

  const rowsOf = ({ explorations }: Matrix) => explorations.map(({ verdict, expected }) => [verdict, expected]);

  test('are one row each: the canary was caught in every shard, the other holds where all parts do', async () => {
    await using root = await folder();
    const matrix = await mergedMatrix(await storeExplored(root.path), root.path);
    expect(matrix.outcome).toEqual({ kind: 'sound', reasons: [] });
    expect(rowsOf(matrix)).toEqual([
      ['violated', true],
      ['held', true],
    ]);
    expect(matrix.explorations[1]?.states.distinct).toBe(COUNT * explored().states.distinct);
  });

  test('a shard that is missing, of other groups, or whose canary was not caught: not sound', async () => {
    await using root = await folder();
    const folders = await storeExplored(root.path);
    const missing = await mergedMatrix(folders.slice(1), root.path);
    expect(missing.explorations[1]).toMatchObject({ verdict: 'inconclusive', expected: false });
    expect(missing.explorations[1]?.detail).toMatch(/^shard 1\/4 is not there/);

    await using other = await folder();
    const apart = await storeExplored(other.path, (index) => ({ planHash: index === 3 ? 'another' : 'abc' }));
    const [, row] = (await mergedMatrix(apart, other.path)).explorations;
    expect(row).toMatchObject({ verdict: 'inconclusive', expected: false });
    expect(row?.detail).toMatch(/are not of one plan/);

    await using third = await folder();
    const escaped = await storeExplored(third.path, (index) => ({ canary: index === 2 ? explored() : caught }));
    const { outcome, explorations } = await mergedMatrix(escaped, third.path);
    expect(outcome.kind).toBe('unsound');
    expect(explorations[0]).toMatchObject({ role: 'canary', verdict: 'held', expected: false });
  });

  test('that a shard did not come to are not taken for held', async () => {
    await using root = await folder();
    const folders = await storeExplored(root.path);
    const late = new ResultsFolder(folders[1] ?? '');
    await rm(late.exploration(turn.id), { recursive: true });
    await rm(late.exploration(broken.id), { recursive: true });
    const { explorations, outcome } = await mergedMatrix(folders, root.path);
    expect(outcome.kind).toBe('unsound');
    expect(explorations.map(({ verdict }) => verdict)).toEqual(['inconclusive', 'inconclusive']);
    expect(explorations[0]?.detail).toMatch(/^shard 2\/4 \(shard-2\) did not explore it to its end/);
    expect(explorations[1]?.detail).toMatch(/^shard 2\/4 is not there/);
  });
});

describe('what is red', () => {
  test('a shard that is missing: its cells are there, without a verdict', async () => {
    await using root = await folder();
    const folders = await storeShards(root.path);
    const matrix = await mergedMatrix([...folders.slice(0, 2), ...folders.slice(3)], root.path);
    expect(matrix.outcome.kind).toBe('unsound');
    expect(matrix.cells.map(({ id }) => id)).toEqual(planned.map(({ id }) => id));
    const lost = matrix.cells.filter(({ verdict }) => verdict === 'inconclusive');
    expect(lost.map(({ id }) => id)).toEqual(await idsIn(folders[2] ?? '', 'cell'));
    expect(lost[0]?.detail).toBe('its shard is not there: 3/4 is missing');
  });

  test('a shard that is there twice: which of the two is it?', async () => {
    await using root = await folder();
    const folders = await storeShards(root.path);
    const again = path.join(root.path, 'shard-2-again');
    await cp(folders[1] ?? '', again, { recursive: true });
    const matrix = await mergedMatrix([...folders, again], root.path);
    expect(matrix.outcome.kind).toBe('unsound');
    const lost = matrix.cells.filter(({ verdict }) => verdict === 'inconclusive');
    expect(lost.map(({ id }) => id)).toEqual(await idsIn(again, 'cell'));
    expect(lost[0]?.detail).toBe('2 of the merged runs have it: shard 2/4 (shard-2), shard 2/4 (shard-2-again)');
  });

  test('a shard of another plan', async () => {
    await using root = await folder();
    const folders = await storeShards(root.path);
    await change(folders[3] ?? '', ({ shard }) => ({ shard: shard && { ...shard, planHash: 'another' } }));
    await expect(mergeShards(folders, root.path)).rejects.toMatchObject({
      code: 'bad-results',
      message: expect.stringMatching(/shard 1\/4 \(shard-1\) and shard 4\/4 \(shard-4\) are not of one plan/),
    });
  });

  test('a run that is no shard', async () => {
    await using root = await folder();
    const whole = await storeRun(root.path, 'whole', planned);
    await expect(mergeShards([whole], root.path)).rejects.toThrow(/is a run of the whole plan, not a shard/);
  });

  test.each(['control', 'canary'] as const)(
    "a shard whose own %s is wrong, though another shard's is right",
    async (role) => {
      await using root = await folder();
      const folders = await storeShards(root.path);
      const third = new ResultsFolder(folders[2] ?? '');
      const [id = ''] = await idsIn(third.folder, role);
      await rm(third.cell(id), { recursive: true });
      const wrong = role === 'control' ? EVIDENCE.canary : EVIDENCE.cell;
      await cp(path.join(real.path, 'cells', wrong), third.cell(id), { recursive: true });
      const { outcome, cells } = await mergedMatrix(folders, root.path);
      expect(outcome.kind).toBe('unsound');
      expect(outcome.reasons).toEqual([expect.stringMatching(new RegExp(`^shard 3: its ${role} ${id} is `))]);
      expect(cells.find((cell) => cell.id === id)?.expected).toBe(true);
    },
  );

  test('a shard that was broken off, or had no time for all of its cells', async () => {
    await using root = await folder();
    const folders = await storeShards(root.path);
    const lose = async (run: string, state: RunFile['state'], why?: string) => {
      const [id = ''] = await idsIn(run, 'cell');
      await rm(new ResultsFolder(run).cell(id), { recursive: true });
      await change(run, () => ({ state, ...(why !== undefined && { leftOut: [{ id, why }] }) }));
      return id;
    };
    const broken = await lose(folders[0] ?? '', 'running');
    const late = await lose(folders[1] ?? '', 'complete', 'left out: no time');
    const { outcome, cells } = await mergedMatrix(folders, root.path);
    expect(outcome.kind).toBe('unsound');
    const detail = (id: string) => cells.find((cell) => cell.id === id)?.detail;
    expect(detail(broken)).toBe('shard 1/4 did not come to its end');
    expect(detail(late)).toBe('left out: no time');
  });
});

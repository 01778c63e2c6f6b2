import type { Engine } from '../engine/engine.ts';
import { loadEvidence } from '../evidence/cell-evidence.ts';
import { isPlannedScenario, type Planned } from '../plan/planned.ts';
import { Problem } from '../problem.ts';
import type { RunFacts } from '../result/matrix.ts';
import { type PlannedRow, ResultsFolder, RUN_SCHEMA_VERSION, type RunFile } from '../results.ts';
import { stamp } from '../stamp.ts';
import { midwriteVersion } from '../version.ts';
import type { RunOptions } from './options.ts';

/** The folder of a new run, or of one that goes on, and what is left to run there. */
export async function beginOrResume(
  engine: Engine,
  cells: readonly Planned[],
  { resultsRoot, resume, shard, again, explorations = [], files = {} }: RunOptions,
): Promise<{ results: ResultsFolder; file: RunFile; left: Planned[] }> {
  const facts = { ...runFacts(engine), ...(again !== undefined && { again }) };
  if (resume === undefined) {
    const plan = cells.map(plannedRow);
    const explored = explorations.length === 0 ? {} : { explorations: explorations.map(({ row }) => row) };
    const file: RunFile = {
      schemaVersion: RUN_SCHEMA_VERSION,
      run: facts,
      state: 'running',
      plan,
      ...explored,
      shard,
    };
    const results = await ResultsFolder.create(resultsRoot, file);
    for (const [name, content] of Object.entries(files)) await results.write(name, content);
    return { results, file, left: [...cells] };
  }
  const before = await resume.readRun();
  refuseOtherMachine(before.run, facts);
  const resumedAt = [...(before.run.resumedAt ?? []), facts.startedAt];
  const planned = new Set(before.plan.map(({ id }) => id));
  const plan = [...before.plan, ...cells.filter(({ id }) => !planned.has(id)).map(plannedRow)];
  const file: RunFile = { ...before, run: { ...before.run, resumedAt }, state: 'running', plan };
  const left: Planned[] = [];
  for (const cell of cells) {
    const evidence = await loadEvidence(resume.cell(cell.id));
    if (evidence !== undefined && evidence.of('end').length > 0) continue;
    // A cell is one crash: half of one is nothing. A scenario goes on from its points.
    if (!isPlannedScenario(cell)) await resume.dropCell(cell.id);
    left.push(cell);
  }
  await resume.writeRun(file);
  return { results: resume, file, left };
}

/** Half a run from one engine and half from another is no run. */
function refuseOtherMachine(before: RunFacts, now: RunFacts): void {
  for (const name of ['engine', 'kernel', 'cgroupVersion', 'midwriteVersion'] as const) {
    if (before[name] === now[name]) continue;
    throw new Problem(
      'bad-usage',
      `the run was begun with another ${name} (${before[name]}; here it is ${now[name]}): its halves would not be of one run. Begin a new one.`,
    );
  }
}

/** What a run says of itself when it begins. */
export function runFacts(engine: Engine): RunFacts {
  const now = new Date();
  const { product, version, operatingSystem, kernel, cgroupVersion, rootless } = engine.facts;
  return {
    id: stamp(now),
    startedAt: now.toISOString(),
    engine: `${product} ${version}${rootless ? ' (rootless)' : ''} on ${operatingSystem}`,
    kernel,
    cgroupVersion,
    ...(engine.machine !== undefined && { on: 'machine' as const }),
    midwriteVersion,
  };
}

export function plannedRow(planned: Planned): PlannedRow {
  const { id, role } = planned;
  if (isPlannedScenario(planned)) return { id, role, ...planned.spec };
  const { system, version, crashPoint, fault, aftermath, memoryBytes } = planned.spec;
  const { words } = planned.crashPoint;
  const place = words === undefined ? {} : { place: words };
  return { id, role, system, version, crashPoint, ...place, fault, aftermath, memoryBytes };
}

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CONTENTS_FOLDER, EVIDENCE_FILE } from '../evidence/recorder.ts';
import { judge } from '../judge/judge.ts';
import { scratch } from '../owner/scratch.ts';
import { Problem } from '../problem.ts';
import { reporters, reportOf, writeReports } from '../report/index.ts';
import { type PlannedRow, ResultsFolder, RUN_SCHEMA_VERSION } from '../results.ts';
import { judgeRun } from '../run/judge-run.ts';
import { busy, judgedRun } from '../test/judged-run.ts';
import { figure } from './figure.ts';
import type { Bench, Section, SectionResult } from './section.ts';

const CELLS = 500;
const ROUNDS = 5;

/** What it takes to judge a large run, and to write all that is written of it. */
export const judging: Section = {
  name: 'judging',
  summary: `a run of ${CELLS} cells, from its files to its reports`,
  systems: [],
  async measure({ rounds = ROUNDS, say }: Bench): Promise<SectionResult> {
    const builds = Array.from({ length: CELLS }, (_, index) => busy(index));
    const alone: number[] = [];
    const whole: number[] = [];
    await using folder = await scratch('bench');
    const results = await storedRun(folder.path, builds);
    for (let round = 0; round < rounds; round += 1) {
      // Evidence keeps what it once worked out: each round has its own.
      const evidence = builds.map((build) => build.done());
      const began = performance.now();
      const verdicts = evidence.map((one) => judge(one).verdict);
      alone.push(CELLS / ((performance.now() - began) / 1_000));
      if (verdicts.includes('inconclusive'))
        throw new Problem('engine-failed', 'the evidence of the bench is not whole');
      whole.push(await judgedAndWritten(results));
      say(`${Math.round(alone.at(-1) ?? 0)} cells a second; all in ${Math.round(whole.at(-1) ?? 0)} ms`);
    }
    return {
      figures: [
        figure('judging alone, evidence in memory: cells a second', 'count', alone.map(Math.round), {
          is: 'at least',
          value: 1_000,
        }),
        figure('judging and every report, from the files', 'ms', whole, { is: 'at most', value: 5_000 }),
      ],
      notes: [`Each cell has about ${builds[0]?.events.length} lines of evidence.`],
    };
  },
};

async function judgedAndWritten(results: ResultsFolder): Promise<number> {
  const began = performance.now();
  const matrix = await judgeRun(results);
  const report = reportOf(matrix, results, 'unexpected');
  await writeReports(report, results, reporters);
  for (const { file, write } of reporters) if (file === undefined) await write(report);
  return performance.now() - began;
}

/** The same evidence as a run on disk. */
async function storedRun(root: string, builds: readonly ReturnType<typeof busy>[]): Promise<ResultsFolder> {
  const plan = builds.map((build, index): PlannedRow => {
    const { system, version, crashPoint, fault, aftermath, memoryBytes } = build.done().cell;
    const spec = { system, version, crashPoint, fault, aftermath, memoryBytes };
    return { id: `${system}@${version}_${crashPoint}_${fault}_192m_r${index + 1}`, role: 'cell', ...spec };
  });
  const { run } = judgedRun([]).matrix;
  const file = { schemaVersion: RUN_SCHEMA_VERSION, run, state: 'complete' as const, plan };
  const results = await ResultsFolder.create(root, file);
  for (const [index, build] of builds.entries()) {
    const cell = results.cell(plan[index]?.id ?? '');
    await mkdir(path.join(cell, CONTENTS_FOLDER), { recursive: true });
    const lines = build.events.map((event) => `${JSON.stringify(event)}\n`);
    await writeFile(path.join(cell, EVIDENCE_FILE), lines.join(''));
    for (const [hash, bytes] of build.contents) await writeFile(path.join(cell, CONTENTS_FOLDER, hash), bytes);
  }
  return results;
}

import { readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { writeProblem } from './evidence/recorder.ts';
import {
  cellFields,
  explorationFields,
  parseResult,
  refuseNewer,
  scenarioFields,
  withNewNames,
} from './evidence/schema.ts';
import { makeFolder, tryFolder } from './make-folder.ts';
import { describe, errorCode, Problem } from './problem.ts';
import { RunFacts } from './result/matrix.ts';

/** The version of run.json. 2: `shard`, `leftOut`, `merged`; a file of version 1 reads as it is. 3: a gateway is called a system. 4: `explorations`. */
export const RUN_SCHEMA_VERSION = 4;

/** A planned cell as run.json keeps it: enough to judge the run without the lab that made it. */
const role = z.enum(['cell', 'control', 'canary', 'mutant']);
const Planned = z.union([z.object({ ...scenarioFields, role }), z.object({ ...cellFields, role })]);
export type PlannedRow = z.infer<typeof Planned>;

/** A planned exploration, likewise. */
export const PlannedExplorationRow = z.object({ ...explorationFields, role });
export type PlannedExplorationRow = z.infer<typeof PlannedExplorationRow>;

/** Which part of a plan a run is. */
export const Shard = z.object({
  /** From 1. */
  index: z.number(),
  count: z.number(),
  /** Of the whole plan and of how it was cut: what has another one does not belong together. */
  planHash: z.string(),
  whole: z.array(Planned),
});
export type Shard = z.infer<typeof Shard>;

/** run.json: what was planned, written before anything runs, so that a run that was cut off can't pass for a whole one. */
export const RunFile = z.object({
  schemaVersion: z.number(),
  run: RunFacts,
  /** `running`: it still runs, or its lab was killed. */
  state: z.enum(['running', 'complete', 'interrupted']),
  plan: z.array(Planned),
  /** Absent: nothing is explored. */
  explorations: z.array(PlannedExplorationRow).optional(),
  /** Absent: it is the whole plan. */
  shard: Shard.optional(),
  /** Cells that were planned and did not run, and why. */
  leftOut: z.array(z.object({ id: z.string(), why: z.string() })).optional(),
  /** Of a run that was put together from shards: what each shard's own controls left, in shards/<shard>/<id>. */
  merged: z.object({ controls: z.array(z.object({ shard: z.number(), planned: Planned })) }).optional(),
});
export type RunFile = z.infer<typeof RunFile>;

/** Why something that was planned did not run, when the time of the run was over. */
export const noTimeLeft = (maxDurationMs: number): string =>
  `left out: the time that the run was given (${maxDurationMs / 1000} s) was over`;

/** The folder of one run. */
export class ResultsFolder {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * Tries whether runs can be written below `root`, before anything is done.
   * @throws Problem results-unwritable
   */
  static async check(root: string): Promise<void> {
    await tryFolder(root).catch((error: unknown) => {
      throw writeProblem(root, error);
    });
  }

  /** Makes the folder of a new run below `root` and points `root/latest` to it. */
  static async create(root: string, file: RunFile): Promise<ResultsFolder> {
    const results = new ResultsFolder(path.join(root, file.run.id));
    try {
      await makeFolder(path.join(results.folder, 'cells'));
      await results.writeRun(file);
      await pointLatest(root, file.run.id);
    } catch (error) {
      throw error instanceof Problem ? error : writeProblem(results.folder, error);
    }
    return results;
  }

  cell(id: string): string {
    return path.join(this.folder, 'cells', id);
  }

  exploration(id: string): string {
    return path.join(this.folder, 'explorations', id);
  }

  /** Takes away what a cell that was cut off had seen. */
  async dropCell(id: string): Promise<void> {
    await rm(this.cell(id), { recursive: true, force: true });
  }

  /** A control that ran in a shard and is in the plan of another one. */
  shardControl(shard: number, id: string): string {
    return path.join(this.folder, 'shards', String(shard), id);
  }

  async writeRun(file: RunFile): Promise<void> {
    await this.write('run.json', `${JSON.stringify(file, null, 2)}\n`);
  }

  /** Replaces a file of the run whole, or not at all. */
  async write(name: string, content: string): Promise<string> {
    const file = path.join(this.folder, name);
    try {
      await writeFile(`${file}.part`, content);
      await rename(`${file}.part`, file);
    } catch (error) {
      throw writeProblem(file, error);
    }
    return file;
  }

  async readRun(): Promise<RunFile> {
    const file = path.join(this.folder, 'run.json');
    let json: unknown;
    try {
      json = JSON.parse(await readFile(file, 'utf8'));
    } catch (error) {
      throw new Problem(
        'bad-usage',
        `${this.folder} is no run of midwrite: ${describe(error)}. Name a folder below results/, such as results/latest.`,
        { cause: error },
      );
    }
    refuseNewer(json, file, RUN_SCHEMA_VERSION);
    const renamed = { ...withNewNames(json as object), schemaVersion: RUN_SCHEMA_VERSION };
    return parseResult(RunFile, renamed, file, RUN_SCHEMA_VERSION);
  }
}

/** A link where the system has them; a file with the name of the run elsewhere. */
async function pointLatest(root: string, id: string): Promise<void> {
  const link = path.join(root, 'latest');
  const part = `${link}.${process.pid}.part`;
  try {
    await rm(part, { force: true });
    await symlink(id, part, 'dir');
    await rename(part, link);
  } catch (error) {
    if (errorCode(error) !== 'EPERM') throw error;
    await writeFile(link, `${id}\n`);
  }
}

import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Engine } from '../../engine/engine.ts';
import { writeProblem } from '../../evidence/recorder.ts';
import { parseResult } from '../../evidence/schema.ts';
import { defaultsOf } from '../../image/given.ts';
import { describe, endsRun } from '../../problem.ts';
import type { Workload } from '../../workload/workload.ts';
import type { WriteRecord } from '../record.ts';
import { openRecord } from '../record-file.ts';
import { recordWorkload, type Subject } from '../record-workload.ts';
import { carriedOver, type Site, sitesOf } from './match.ts';
import { Notes } from './notes.ts';
import { nodeOptions } from './preload.ts';
import { SourceLines } from './source-lines.ts';
import { reasonsOf } from './words.ts';

/** In the folder of an exploration: an exploration that goes on does not make them again. */
export const LINES_FILE = 'source-lines.json';

interface LinesOptions {
  folder: string;
  label: string;
  signal: AbortSignal;
  /** How long the turns of the record took. */
  turnsMs: readonly number[];
  say(line: string): void;
}

/**
 * Where in the program's source each call of a record was made: the workload is recorded a second time, with a preload that notes it (preload.js). The
 * second record is thrown away. What keeps it from being made is a reason, and no error: the exploration stands without it.
 * @throws Problem engine-lost, no-space, …: what ends everything
 */
export async function recordSourceLines(
  engine: Engine,
  subject: Subject,
  workload: Workload,
  record: WriteRecord,
  options: LinesOptions,
): Promise<SourceLines> {
  const file = path.join(options.folder, LINES_FILE);
  if (existsSync(file)) return parseResult(SourceLines, JSON.parse(await readFile(file, 'utf8')), file, 1);
  const began = performance.now();
  const into = path.join(options.folder, 'source-lines');
  await rm(into, { recursive: true, force: true });
  options.say('recording again, with a preload that notes the lines of the program');
  const made = await madeBy(engine, subject, workload, record, into, options);
  await rm(into, { recursive: true, force: true });
  const lines = { ...made, tookMs: Math.round(performance.now() - began) };
  await writeFile(file, `${JSON.stringify(lines, null, 2)}\n`).catch((error: unknown) => {
    throw writeProblem(file, error);
  });
  return lines;
}

type Made = Omit<SourceLines, 'tookMs'>;

async function madeBy(
  engine: Engine,
  subject: Subject,
  workload: Workload,
  record: WriteRecord,
  into: string,
  { label, signal, turnsMs }: LinesOptions,
): Promise<Made> {
  const none = (why: string): Made => ({ calls: [], without: record.steps.length, reasons: [why] });
  const notes = new Notes(`midwrite-note-${randomUUID()}`);
  try {
    const { turnsMs: withNotes } = await recordWorkload(
      engine,
      await withPreload(engine, subject, notes.mark),
      workload,
      into,
      `${label}/source-lines`,
      signal,
      { onLog: (line) => notes.line(line) },
    );
    if (notes.processes === 0)
      return none('the preload did not run: the program is no Node of 18.19, or newer, that heeds NODE_OPTIONS');
    using second = openRecord(into);
    return linesFrom(record, second.record, notes, [turnsMs, withNotes]);
  } catch (error) {
    signal.throwIfAborted();
    if (endsRun(error)) throw error;
    const [first] = describe(error).split('\n');
    return none(`the workload could not be recorded with the preload: ${first}`);
  }
}

/** What both recordings and the notes come to. */
function linesFrom(
  first: WriteRecord,
  second: WriteRecord,
  notes: Notes,
  [record, withNotes]: [readonly number[], readonly number[]],
): Made {
  const sites = carriedOver(first.steps, second.steps, sitesOf(second.steps, notes.calls));
  const calls = sites.flatMap((site, index) => (typeof site === 'string' ? [] : [lineOf(site, index)]));
  const turns = { record: Math.round(sum(record)), withNotes: Math.round(sum(withNotes)) };
  return {
    calls,
    without: sites.length - calls.length,
    reasons: [
      ...reasonsOf(sites),
      ...(notes.isFull ? ['there were more notes than are kept'] : []),
      ...(notes.garbled === 0 ? [] : [`${notes.garbled} notes could not be read`]),
    ],
    ...(record.length > 0 && withNotes.length > 0 && { turnsMs: turns }),
  };
}

const lineOf = ({ through, frames }: Exclude<Site, string>, index: number) => ({
  call: index + 1,
  through,
  frames: [...frames],
});

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);

async function withPreload(engine: Engine, subject: Subject, mark: string): Promise<Subject> {
  const { release } = subject;
  const { env, ...boot } = release.boot;
  const own = env.NODE_OPTIONS ?? (await defaultsOf(engine, subject.images.system)).env.NODE_OPTIONS;
  const NODE_OPTIONS = nodeOptions(own, { mark, root: release.promises.root });
  return { ...subject, release: { ...release, boot: { ...boot, env: { ...env, NODE_OPTIONS } } } };
}

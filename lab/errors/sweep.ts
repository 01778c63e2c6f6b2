import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Engine } from '../engine/engine.ts';
import { writeProblem } from '../evidence/recorder.ts';
import type { Fault } from '../fault.ts';
import { controlFault, knownFaults } from '../known.ts';
import { observe } from '../observe/observe.ts';
import { withAnswers } from '../observe/plan-places.ts';
import { canaries } from '../plan/controls.ts';
import { Problem } from '../problem.ts';
import type { ResultsFolder } from '../results.ts';
import type { Images } from '../run/images.ts';
import type { RunOptions } from '../run/options.ts';
import { runPlan } from '../run/run.ts';
import { withOwnStart } from '../source/own-start.ts';
import type { Release } from '../system.ts';
import { BEGUN_FILE, type Begun, begunText } from './begun.ts';
import { casesOf } from './cases.ts';
import { DIFFERS, NOT_RUN } from './fate.ts';
import { noCase } from './no-case.ts';
import { SweepPlan, type SweepSubject } from './sweep-plan.ts';
import { findingsOf, SWEEP_SCHEMA_VERSION, type Sweep, sweepReport } from './sweep-report.ts';
import { type SeenWrite, watchWrite } from './watch.ts';

export interface SweepOptions extends RunOptions {
  /** Each case runs, also where another one stands for it. */
  every: boolean;
  /** Only these cells. */
  cells: readonly string[];
  /** Only these errors, in this order. Absent: all that a sweep has. */
  faults?: readonly string[];
  /** As it was asked for on the command line: kept, so that it can be resumed. */
  asked: Begun['asked'];
  /** With `resume`: the write as the sweep saw it when it began. */
  begun?: { write: SeenWrite; image: string };
  say(line: string): void;
}

/**
 * Faults that a sweep has, in the order of the matrix, or those of them that are asked for in the order in which they are.
 * @throws Problem bad-usage
 */
export function sweptFaults(asked: readonly string[] | undefined): Fault[] {
  const all = knownFaults().filter((fault) => fault.sweep !== undefined);
  if (asked === undefined) return all;
  return [...new Set(asked)].map((name) => {
    const fault = all.find((one) => one.name === name);
    if (fault !== undefined) return fault;
    throw new Problem(
      'bad-usage',
      `"${name}" is no error that a sweep of calls has. It has: ${all.map((one) => one.name).join(', ')}.`,
    );
  });
}

async function seen(
  engine: Engine,
  subject: SweepSubject,
  images: Images,
  { signal, say, begun }: Pick<SweepOptions, 'signal' | 'say' | 'begun'>,
): Promise<{ write: SeenWrite; release: Release }> {
  const { system, memoryBytes } = subject;
  const release = await withOwnStart(engine, subject.release, { say, signal });
  const tags = { system: imageOf(subject, images), sidecar: images.sidecar };
  const observed = { release, images: tags, memoryBytes };
  const label = `errors-${system.name}`;
  if (system.isFromOutside !== true)
    return { write: begun?.write ?? (await watchWrite(engine, observed, label, signal)), release };
  const observation = await observe(engine, observed, { label, every: true, signal });
  const { calls } = observation;
  if (calls === undefined) throw new Error('an observation that was made now has its calls');
  return { write: begun?.write ?? calls, release: withAnswers(release, observation) };
}

const imageOf = ({ release }: SweepSubject, images: Images): string =>
  images.system.get(`${release.system}@${release.version}`) ?? '';

/**
 * Every call of one write × every error that it can return, once and from there on, a live run each.
 * @throws Problem not-ready, write-failed, bad-usage, engine-lost, …
 */
export async function sweepErrors(
  engine: Engine,
  subject: SweepSubject,
  images: Images,
  options: SweepOptions,
): Promise<{ sweep: Sweep; results: ResultsFolder }> {
  const began = performance.now();
  const image = imageOf(subject, images);
  if (options.begun !== undefined && options.begun.image !== image)
    throw new Problem(
      'bad-results',
      `the sweep was begun with image ${options.begun.image}, and here it is ${image}: resume it there, or begin a new one.`,
    );
  const { write, release } = await seen(engine, subject, images, options);
  const faults = sweptFaults(options.faults);
  const { calls, cases } = casesOf(write, release.promises.root, faults, options.every);
  const plan = new SweepPlan({ ...subject, release }, cases, faults, options.cells);
  const [call] = calls;
  if (plan.first.length === 0 || call === undefined)
    throw noCase(subject.system.name, { cells: options.cells, faults: options.faults }, calls, faults);
  const others = plan.othersCount === 0 ? '' : `; for ${plan.othersCount} more cases others may stand`;
  options.say(`${calls.length} calls, ${plan.first.length} runs${others}`);
  const control = plan.control(calls[Math.floor(calls.length / 2)] ?? call, controlFault());
  const cells = [control, ...(await canaries()), ...plan.first];
  const { matrix, results } = await runPlan(engine, cells, images, {
    ...options,
    files: { [BEGUN_FILE]: begunText(options.asked, image, write) },
    further: async (sofar, folder) => {
      const next = plan.next(await plan.fatesOf(sofar, folder));
      if (next.length > 0) options.say(`${next.length} more, since two of a kind came to different ends`);
      return next;
    },
  });

  const ran = plan.ranOf(matrix);
  const fates = await plan.fatesOf(matrix, results);
  plan.next(fates);
  const represented = plan.represented();
  const sweep: Sweep = {
    schemaVersion: SWEEP_SCHEMA_VERSION,
    system: release.system,
    version: release.version,
    calls: calls.map(({ number: call, op, file, to }) => ({ call, op, file, ...(to !== undefined && { to }) })),
    faults: faults.map(({ name, sweep: how, summary }) => ({ name, how: how ?? '', summary })),
    runs: ran.length,
    represented: represented.filter(({ fate }) => fate !== DIFFERS && fate !== NOT_RUN).length,
    fates: [...fates, ...represented],
    findings: findingsOf(ran),
    outcome: matrix.outcome,
    tookMs: Math.round(performance.now() - began),
  };
  await keep(results.folder, sweep);
  return { sweep, results };
}

async function keep(folder: string, sweep: Sweep): Promise<void> {
  try {
    await writeFile(path.join(folder, 'errors.json'), `${JSON.stringify(sweep, null, 2)}\n`);
    await writeFile(path.join(folder, 'errors.md'), sweepReport(sweep));
  } catch (error) {
    throw writeProblem(folder, error);
  }
}

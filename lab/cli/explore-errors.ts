import path from 'node:path';
import { parseCellId } from '../cell-id.ts';
import { connect } from '../engine/engine.ts';
import { cellJobs } from '../engine/jobs.ts';
import { readBegun } from '../errors/begun.ts';
import { type SweepOptions, sweepErrors, sweptFaults } from '../errors/sweep.ts';
import type { SweepSubject } from '../errors/sweep-plan.ts';
import { sweepInWords } from '../errors/sweep-report.ts';
import { brokenBy, releaseNamed, systemNamed } from '../plan/named.ts';
import { outsiders } from '../plan/plan-outside.ts';
import { ExitCode, Problem } from '../problem.ts';
import { sweep } from '../reaper/reaper.ts';
import { defaultReporters } from '../report/index.ts';
import { ResultsFolder } from '../results.ts';
import { buildImages } from '../run/images.ts';
import { refuseBesideResume } from './beside-resume.ts';
import { useConfig } from './config.ts';
import type { ExploreCommandOptions } from './explore.ts';
import { interrupted } from './interrupt.ts';

const say = (line: string) => console.error(`explore: ${line}`);

/** Lets every call of one write fail, with every error that it can return. */
export async function exploreErrors(given: ExploreCommandOptions): Promise<ExitCode> {
  const { options, before } = await takenUp(given);
  await useConfig(options.config);
  // Told before anything is built.
  sweptFaults(options.fault);
  const subject = await subjectOf(options);
  const engine = await connect(say);
  interrupted.throwIfAborted();
  await sweep(engine.docker, { everything: false, images: false });
  const canary = systemNamed('canary');
  const images = await buildImages(engine, [], { say, signal: interrupted }, [
    subject.release,
    await canary.release(canary.defaultVersion),
  ]);
  const { system, config, defect } = options;
  const words = [
    'explore --errors',
    ...(system === undefined ? [] : [`--system ${system}`]),
    ...(defect === undefined ? [] : [`--defect ${defect}`]),
    ...(config === undefined ? [] : [`--config ${config}`]),
  ];
  if (options.fault !== undefined) words.push(`--fault ${options.fault.join(',')}`);
  const { fault, cell, everyCall = false } = options;
  let done = 0;
  const { sweep: found, results } = await sweepErrors(engine, subject, images, {
    resultsRoot: path.resolve(options.results),
    jobs: options.jobs ?? cellJobs(engine),
    signal: interrupted,
    reporters: defaultReporters.filter((one) => one.file !== undefined),
    again: words.join(' '),
    every: everyCall,
    cells: cell ?? [],
    asked: { system, defect, config, fault, cell, everyCall },
    ...before,
    ...(fault !== undefined && { faults: fault }),
    ...(options.maxDuration !== undefined && { maxDurationMs: options.maxDuration }),
    say,
    progress: {
      cellStarted: () => undefined,
      cellPhase: () => undefined,
      cellShare: () => undefined,
      cellEnded: ({ id }, row) => {
        done += 1;
        say(`${done} ${id}: ${row.verdict}${row.expected ? '' : ' (not expected)'}`);
      },
    },
  });
  const shown = path.relative(process.cwd(), results.folder);
  if (options.json === true) console.log(JSON.stringify(found, null, 2));
  else
    console.log(
      `${sweepInWords(found)}\n\nFiles: ${shown}/errors.md (the map of the write), ${shown}/errors.json, ${shown}/report.html, ${shown}/cells/`,
    );
  switch (found.outcome.kind) {
    case 'sound':
      return ExitCode.sound;
    case 'unexpected':
      return ExitCode.unexpectedViolation;
    default:
      return ExitCode.unsound;
  }
}

/** A sweep that goes on is what it was asked for, and of the write that it saw. */
async function takenUp(given: ExploreCommandOptions): Promise<{
  options: ExploreCommandOptions;
  before: Pick<SweepOptions, 'begun' | 'resume'>;
}> {
  if (given.resume === undefined) return { options: given, before: {} };
  refuseBesideResume(given);
  const folder = path.resolve(given.resume);
  const begun = await readBegun(folder);
  return { options: { ...given, ...begun.asked }, before: { begun, resume: new ResultsFolder(folder) } };
}

async function subjectOf({ system: asked, defect, cell = [] }: ExploreCommandOptions): Promise<SweepSubject> {
  const none = { faults: [], crashPoints: [], memory: [], cells: [], repeat: 1 };
  const [name] = asked === undefined ? cell.map((id) => parseCellId(id).system) : [asked];
  const others = await outsiders({ ...none, systems: name === undefined ? [] : [name] }, true);
  const [outsider, second] = others;
  if (second !== undefined)
    throw new Problem(
      'bad-usage',
      `Name one system of the config with --system NAME. Available: ${others.map((one) => one.system.name).join(', ')}.`,
    );
  if (outsider !== undefined && defect === undefined)
    return { system: outsider.system, release: outsider.release, memoryBytes: outsider.memoryBytes };
  if (name === undefined) throw new Problem('bad-usage', 'Name a system with --system.');
  const release = await releaseNamed(name, defect);
  const system = defect === undefined ? systemNamed(release.system) : brokenBy(defect).system;
  return { system, release, memoryBytes: release.memory.defaultBytes };
}

import { randomUUID } from 'node:crypto';
import { type CellSpec, cellId } from '../cell-id.ts';
import { activityOf, hasLifeBefore } from '../crash-point/activity.ts';
import type { CrashPoint } from '../crash-point/write-shape.ts';
import type { Engine } from '../engine/engine.ts';
import { EVIDENCE_SCHEMA_VERSION } from '../evidence/event.ts';
import { Recorder } from '../evidence/recorder.ts';
import type { Fault } from '../fault.ts';
import { BaseAhead } from '../pod/base.ts';
import { Pod } from '../pod/pod.ts';
import { describe, Problem } from '../problem.ts';
import { bootAgain, driveOn, driveOnAndBoot, recover } from '../session/recovery.ts';
import { Session } from '../session/session.ts';
import { target } from '../session/target.ts';
import type { Release } from '../system.ts';
import { liveDuring, tempsIn } from './live-during.ts';

/** All that one cell needs. */
export interface CellPlan {
  spec: CellSpec;
  release: Release;
  fault: Fault;
  crashPoint: CrashPoint;
  images: { system: string; sidecar: string };
}

/** What a cell tells while it runs. */
export interface CellProgress {
  phase(name: string): void;
}

/**
 * The life of a cell, from nothing to evidence. It judges nothing, and it never rejects because of the system: what a system does is evidence.
 * What the lab could not do is evidence too (`problem`), and the verdict is `inconclusive` then.
 * @param ahead what `podAhead` gave for this plan. Absent: it is begun now
 * @throws Problem engine-lost, no-space, results-unwritable: the run can't go on
 */
export async function runCell(
  engine: Engine,
  plan: CellPlan,
  folder: string,
  run: string,
  progress: CellProgress,
  signal: AbortSignal,
  ahead?: BaseAhead,
): Promise<void> {
  const began = performance.now();
  await using base = ahead ?? podAhead(engine, plan, run);
  using recorder = new Recorder(folder);
  const { spec } = plan;
  const release = inCell(plan);
  recorder.record({
    type: 'cell',
    schemaVersion: EVIDENCE_SCHEMA_VERSION,
    id: cellId(spec),
    system: spec.system,
    version: spec.version,
    crashPoint: spec.crashPoint,
    ...(plan.crashPoint.words !== undefined && { place: plan.crashPoint.words }),
    fault: spec.fault,
    aftermath: spec.aftermath,
    memoryBytes: spec.memoryBytes,
    image: plan.images.system,
    notes: [...(release.notes ?? [])],
    promises: structuredClone(release.promises) as never,
  });
  try {
    await using pod = await Pod.start(engine, base.spec, recorder, () => base.take());
    try {
      await live(pod, { ...plan, release }, recorder, progress, signal);
    } finally {
      recorder.record({ type: 'phase', name: 'clean up' });
    }
  } catch (error) {
    signal.throwIfAborted();
    if (recorder.failure !== undefined) throw recorder.failure;
    const code = error instanceof Problem ? error.code : 'engine-failed';
    recorder.record({ type: 'problem', code, message: describe(error) });
    if (code === 'engine-lost' || code === 'no-space' || code === 'results-unwritable') throw error;
  }
  if (recorder.failure !== undefined) throw recorder.failure;
  recorder.record({ type: 'end', durationMs: Math.round(performance.now() - began) });
}

/** Begins what a cell stands on, its volumes and its sidecar, before the cell does: beside the one that runs, it costs no time. */
export function podAhead(engine: Engine, plan: CellPlan, run: string): BaseAhead {
  const { spec, images, fault } = plan;
  const release = inCell(plan);
  const activity = activityOf(spec.crashPoint);
  return new BaseAhead(engine, {
    label: `${run}/${cellId(spec)}`,
    name: `midwrite-${randomUUID().slice(0, 13)}`,
    release,
    images,
    memoryBytes: spec.memoryBytes,
    ...(activity !== undefined && hasLifeBefore(release, activity) ? { bootsBefore: -1 } : {}),
    ...(fault.diskBytes === undefined ? {} : { diskBytes: fault.diskBytes }),
    ...(fault.firstCommands === undefined ? {} : { firstCommands: fault.firstCommands }),
  });
}

/** The release with the environment that the fault needs. */
function inCell({ release, fault, spec }: CellPlan): Release {
  if (fault.env === undefined) return release;
  const env = { ...release.boot.env, ...fault.env(release.boot.env, spec.memoryBytes) };
  return { ...release, boot: { ...release.boot, env } };
}

/** The phases, in the order in which things happen. */
async function live(
  pod: Pod,
  plan: CellPlan,
  recorder: Recorder,
  progress: CellProgress,
  signal: AbortSignal,
): Promise<void> {
  const session = new Session(pod, plan.release, recorder, signal);
  const phase = (name: string) => {
    signal.throwIfAborted();
    recorder.record({ type: 'phase', name });
    progress.phase(name);
  };

  const activity = activityOf(plan.spec.crashPoint);
  if (activity !== undefined) return liveDuring(activity, pod, session, plan, recorder, phase);

  phase('boot');
  await session.configure();
  if (!(await session.boot())) return;

  phase('warm-up');
  await warmUp(session);

  phase('hold');
  const held = await session.hold(plan.crashPoint);
  if (held === undefined) return;
  await session.snapshot('held');

  phase('strike');
  await plan.fault.strike(target(pod, session, recorder, held, { crashPoint: plan.crashPoint }));

  if (plan.fault.failsCalls === true) return driveOnAndBoot(session, phase);
  if (!plan.fault.lethal) return driveOn(session, phase);
  if (!(await recover(session, phase, { aftermath: plan.spec.aftermath, temps: () => tempsIn(recorder) }))) return;

  await bootAgain(session, phase, plan.spec.aftermath, plan.release.lifecycle);
}

/** What is before the write that is struck: the setup, and one write, so that the next one is no first time. */
export async function warmUp(session: Session): Promise<void> {
  await session.setUp();
  await session.bootSettled();
  await session.settled(await session.turn('warm'));
  await session.read('before');
  await session.snapshot('before');
}

import { type Activity, commandOf } from '../crash-point/activity.ts';
import { loadEvidence } from '../evidence/cell-evidence.ts';
import type { Recorder } from '../evidence/recorder.ts';
import type { Pod } from '../pod/pod.ts';
import type { Held } from '../session/holds.ts';
import { bootAgain, driveOn, type Phase, recover } from '../session/recovery.ts';
import type { Session } from '../session/session.ts';
import { target } from '../session/target.ts';
import type { OperatorCommand } from '../system.ts';
import { prepare } from '../workload/beginning.ts';
import type { CellPlan } from './cell.ts';

/**
 * The life of a cell whose fault falls into a boot, a stop or a clean-up. The life before a boot or a clean-up is boot 0 in the evidence, so that what is struck
 * is boot 1 as in every cell.
 */
export async function liveDuring(
  activity: Activity,
  pod: Pod,
  session: Session,
  plan: CellPlan,
  recorder: Recorder,
  phase: Phase,
): Promise<void> {
  const { crashPoint, fault, release, spec } = plan;
  const command = commandOf(release, activity);
  phase('boot');
  if (activity === 'first-boot') {
    await session.configure();
  } else if (activity === 'cleanup') {
    const workload = { name: 'cleanup', summary: '', begins: 'cleanup' as const, drive: async () => undefined };
    let isReady = true;
    await prepare({ pod, session, release, workload }, async () => {
      isReady = await session.boot();
      if (!isReady) throw new NeverReady();
    }).catch((error: unknown) => {
      if (!(error instanceof NeverReady)) throw error;
    });
    if (!isReady) return;
  } else {
    await session.configure();
    if (!(await session.boot())) return;
    phase('warm-up');
    await session.setUp();
    await session.bootSettled();
    await session.settled(await session.turn('warm'));
    await session.read('before');
    if (activity === 'stop' || activity === 'recovery') await session.quiet();
    if (activity !== 'stop') await endLife(activity, session);
    await plantFor(pod, command);
  }
  await session.snapshot('before');

  phase('hold');
  const held = await holdIn(activity, session, plan);
  if (held === undefined) return;
  await session.snapshot('held');

  phase('strike');
  await fault.strike(target(pod, session, recorder, held));

  if (!fault.lethal) return driveOn(session, phase);
  // The system itself again, where another program was struck in its place.
  const boot = activity === 'cleanup' || command !== undefined ? { env: {} } : {};
  if (!(await recover(session, phase, { aftermath: spec.aftermath, boot, temps: () => tempsIn(recorder) }))) return;
  await bootAgain(session, phase, spec.aftermath, release.lifecycle);

  async function holdIn(
    activity: Activity,
    session: Session,
    { crashPoint: place }: CellPlan,
  ): Promise<Held | undefined> {
    const arm = place.hold({ kind: 'none', store: release.promises.store.path });
    if (arm === undefined) throw new Error(`${crashPoint.name} is no place of a ${activity}`);
    switch (activity) {
      case 'first-boot':
      case 'boot':
      case 'recovery':
        return session.holdBoot(crashPoint.name, arm);
      case 'cleanup': {
        const { cleanup } = release.usual ?? {};
        if (cleanup === undefined) throw new Error(`${release.system} has no clean-up`);
        return session.holdCommand(crashPoint.name, arm, cleanup.enforce);
      }
      case 'stop':
        return session.holdStop(crashPoint.name, arm);
      default:
        if (command === undefined) throw new Error(`${release.system} has no ${activity}`);
        return session.holdCommand(crashPoint.name, arm, command.argv);
    }
  }
}

/** Ends the life before an activity: what a recovery follows is a kill, what others follow a stop. */
export const endLife = (activity: Activity, session: Session): Promise<void> =>
  activity === 'recovery' ? session.kill() : session.stop();

/** Puts into the stopped system's folder what a command line is to find. */
export async function plantFor(pod: Pod, command: OperatorCommand | undefined): Promise<void> {
  await pod.sidecar.plant((command?.files ?? []).map((file) => ({ ...file, ageMs: 0 })));
}

/** What the evidence of a cell has until now: the temps that its boot left. */
export async function tempsIn({ folder }: Recorder): Promise<string[]> {
  const evidence = await loadEvidence(folder);
  return (evidence?.temps('booted') ?? []).map(({ path }) => path);
}

class NeverReady extends Error {}

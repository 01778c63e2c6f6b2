import type { Aftermath } from '../cell-id.ts';
import type { BootOptions } from '../pod/pod.ts';
import type { Release } from '../system.ts';
import { passedLimit } from '../wait.ts';
import type { Session } from './session.ts';
import type { TurnWords } from './turns.ts';

/** Begins a phase of the evidence. */
export type Phase = (name: string) => void;

/** After a fault that the system lived through: what it made of the held write, and the next turn. */
export async function driveOn(session: Session, phase: Phase, after: TurnWords = {}): Promise<void> {
  phase('drive on');
  // One that tries again and again is not quiet, and drives on all the same.
  await session.quiet().catch(passedLimit);
  await session.read('woken');
  await session.snapshot('woken');
  const next = await session.turn('after', after);
  await session.settled(next).catch(passedLimit);
  await session.read('served');
  await session.snapshot('served');
  // One that is refused may be what mends it: a database that is opened anew, a lock that is found to be a dead one's.
  if (!next.acknowledged && !session.hasEnded) await session.settled(await session.turn('again')).catch(passedLimit);
}

/**
 * After calls that failed and work again: what it made of the held write, the next turn, and then a kill and a boot. What it said is on disk, or it is not,
 * and what it can't do any more it may do after a boot.
 */
export async function driveOnAndBoot(session: Session, phase: Phase): Promise<void> {
  // A system may end itself where it can't go on: its boot is its answer.
  if (session.hasEnded) {
    phase('drive on');
    await session.snapshot('woken');
  } else await driveOn(session, phase);
  phase('boot again');
  await session.kill();
  await session.snapshot('stopped');
  if (!(await session.boot())) return;
  await session.read('rebooted');
  await session.snapshot('rebooted');
  await session.settled(await session.turn('restarted'));
}

/** After a fault that ended the system: a boot on what it left, and the next turn. False: it was not ready again. */
export async function recover(
  session: Session,
  phase: Phase,
  how: {
    aftermath: Aftermath;
    after?: TurnWords;
    isTempPlanted?: boolean;
    boot?: BootOptions;
    /** Tells the temps that the boot left. Absent: all of a sweep's time passes. */
    temps?: () => Promise<readonly string[]>;
  },
): Promise<boolean> {
  phase('prepare');
  await session.snapshot('struck');
  await session.prepare(how.aftermath, how.isTempPlanted);
  await session.snapshot('prepared');

  phase('recover');
  if (!(await session.bootWhileItRefuses(how.boot))) return false;
  await session.read('booted');
  await session.snapshot('booted');
  const temps = await how.temps?.();
  const after = await session.turn('after', how.after);
  await session.sweepTime(temps);
  // A look at files that are being written would show some before and some after.
  await session.settled(after);
  await session.read('served');
  await session.snapshot('served');
  return true;
}

/** After the recovery: one more boot, which must find nothing left to do. */
export async function bootAgain(
  session: Session,
  phase: Phase,
  aftermath: Aftermath,
  lifecycle: Release['lifecycle'],
): Promise<void> {
  // What was young at the boot gets old while the system runs: only a sweep that is repeated takes it.
  if (aftermath === 'fresh') {
    phase('outlive');
    if (await session.outlive()) await session.snapshot('outlived');
  }

  phase('boot again');
  // Of a command every run is a boot.
  if (lifecycle === 'server') {
    await session.stop();
    await session.snapshot('stopped');
    if (!(await session.boot())) return;
  }
  await session.read('rebooted');
  await session.snapshot('rebooted');
}

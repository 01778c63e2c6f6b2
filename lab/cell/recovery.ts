import type { BootOptions } from '../pod/pod.ts';
import type { Aftermath } from './cell-id.ts';
import type { Session, TurnWords } from './session.ts';

/** Begins a phase of the evidence. */
export type Phase = (name: string) => void;

/** After a fault that the system lived through: what it made of the held write, and the next turn. */
export async function driveOn(session: Session, phase: Phase, after: TurnWords = {}): Promise<void> {
  phase('drive on');
  await session.quiet();
  await session.read('woken');
  await session.snapshot('woken');
  await session.settled(await session.turn('after', after));
  await session.read('served');
  await session.snapshot('served');
}

/** After a fault that ended the system: a boot on what it left, and the next turn. False: it was not ready again. */
export async function recover(
  session: Session,
  phase: Phase,
  how: { aftermath: Aftermath; after?: TurnWords; isTempPlanted?: boolean; boot?: BootOptions },
): Promise<boolean> {
  phase('prepare');
  await session.snapshot('struck');
  await session.prepare(how.aftermath, how.isTempPlanted);
  await session.snapshot('prepared');

  phase('recover');
  if (!(await session.bootWhileItRefuses(how.boot))) return false;
  await session.read('booted');
  await session.snapshot('booted');
  const after = await session.turn('after', how.after);
  await session.sweepTime();
  // A look at files that are being written would show some before and some after.
  await session.settled(after);
  await session.read('served');
  await session.snapshot('served');
  return true;
}

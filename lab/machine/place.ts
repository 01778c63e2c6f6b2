import type { Machine } from '../engine/machine.ts';

/** Where something is to run: on this host's engine, or on the machine of the lab's own. */
export const PLACES = ['engine', 'machine'] as const;
export type Place = (typeof PLACES)[number];

/** What this process uses of a machine; one at a time. */
interface InUse {
  machine: Machine;
  /** Held while it is used: a cut takes everything with it that runs there. */
  alone: AsyncDisposable;
}

let inUse: InUse | undefined;

export function useMachine(now: InUse): void {
  inUse = now;
}

/** At the end of a command: a machine that it brought up by itself goes, one that was up stays. */
export async function leaveMachine(): Promise<void> {
  const last = inUse;
  inUse = undefined;
  if (last === undefined) return;
  try {
    const { letGo } = await import('./machine.ts');
    await letGo(last.machine);
  } finally {
    await last.alone[Symbol.asyncDispose]();
  }
}

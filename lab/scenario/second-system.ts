import type { Recorder } from '../evidence/recorder.ts';
import type { Pod } from '../pod/pod.ts';
import { Session } from '../session/session.ts';
import type { Release } from '../system.ts';

/** A second system on the state folder of the first, as on another machine. */
export interface SecondSystem extends AsyncDisposable {
  /** False: it refuses, or was never ready; the evidence has its last lines. */
  boot(): Promise<boolean>;
  /** One turn to its end. False: it was not acknowledged. */
  turn(name: string): Promise<boolean>;
  /** Lets the time pass that its sweep has after it was ready, and waits until it leaves the state folder alone. */
  settle(): Promise<void>;
  /** Stops it as its operator would. */
  stop(): Promise<void>;
}

export async function secondSystem(
  first: Pod,
  release: Release,
  recorder: Recorder,
  signal: AbortSignal,
): Promise<SecondSystem> {
  const pod = await first.beside();
  const session = new Session(pod, release, recorder, signal);
  return {
    boot: () => session.boot(),
    turn: async (name) => (await session.turn(name)).acknowledged,
    async settle() {
      await session.sweepTime();
      await session.quiet();
    },
    stop: () => session.stop(),
    [Symbol.asyncDispose]: () => pod[Symbol.asyncDispose](),
  };
}

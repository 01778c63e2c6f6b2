import { setTimeout as pause } from 'node:timers/promises';
import { crowding, pace } from './pace.ts';
import { Problem, type ProblemCode } from './problem.ts';

/** A named wait with a limit. Every wait of the lab goes through one of the two functions here. */
export interface Wait {
  /** What is waited for, as the end of the sentence "waited N s for …". */
  name: string;
  /** On a machine that is neither slow nor crowded; on others it is longer (lab/pace.ts), so that it is what is waited for that has failed. */
  limitMs: number;
  /** The limit is for the engine's machine already (lab/session/slowed.ts): only what crowds this one makes it longer. */
  isSlowed?: boolean;
  /** The limit is the time of something else, such as that of `docker stop`: nothing makes it longer. */
  isExact?: boolean;
  /** The code of the problem when the limit passes. */
  code?: ProblemCode;
  signal?: AbortSignal | undefined;
}

/** For `catch`, where a limit that has passed is an answer too, and everything else is not. */
export function passedLimit(error: unknown): void {
  if (!(error instanceof Problem) || error.code !== 'limit-passed') throw error;
}

function limitNow({ limitMs, isExact = false, isSlowed = false }: Wait): number {
  if (isExact) return limitMs;
  return limitMs * (isSlowed ? crowding() : pace());
}

function passed(wait: Wait, waitedMs: number, seen?: string): Problem {
  const seconds = (waitedMs / 1000).toFixed(waitedMs < 10_000 ? 1 : 0);
  return new Problem(wait.code ?? 'limit-passed', `waited ${seconds} s for ${wait.name}${seen ? `; ${seen}` : ''}`);
}

/** Settles as `promise` does, or fails with a problem that names the wait once its limit has passed. */
export async function within<T>(wait: Wait, promise: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const signal = wait.signal === undefined ? timer.signal : AbortSignal.any([timer.signal, wait.signal]);
  // A promise that loses the race must not become an unhandled rejection.
  promise.catch(() => undefined);
  try {
    return await Promise.race([
      promise,
      limitPassed(wait, signal).then(
        (waitedMs) => {
          throw passed(wait, waitedMs);
        },
        () => {
          if (wait.signal?.aborted) throw wait.signal.reason;
          return new Promise<never>(() => undefined);
        },
      ),
    ]);
  } finally {
    timer.abort();
  }
}

/** Resolves with how long it was, when the limit has passed at the pace that the machine has then. */
async function limitPassed(wait: Wait, signal: AbortSignal): Promise<number> {
  const began = performance.now();
  let waitedMs = 0;
  for (let leftMs = wait.limitMs; leftMs > 0; leftMs = limitNow(wait) - waitedMs) {
    await pause(leftMs, undefined, { signal });
    // A timer may go off a little early, and must not be set again and again for that.
    waitedMs = Math.ceil(performance.now() - began) + 1;
  }
  return waitedMs;
}

/**
 * Asks `probe` again and again until it gives something other than undefined.
 * @param probe what it throws ends the wait at once; `note` keeps what was seen last, for the message
 */
export async function until<T>(
  wait: Wait & { everyMs?: number },
  probe: (note: (seen: string) => void) => Promise<T | undefined>,
): Promise<T> {
  const began = performance.now();
  let seen: string | undefined;
  for (;;) {
    wait.signal?.throwIfAborted();
    const found = await probe((text) => {
      seen = text;
    });
    if (found !== undefined) return found;
    const waitedMs = performance.now() - began;
    if (waitedMs >= limitNow(wait)) throw passed(wait, waitedMs, seen);
    await pause(wait.everyMs ?? 50, undefined, { signal: wait.signal });
  }
}

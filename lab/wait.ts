import { setTimeout as pause } from 'node:timers/promises';
import { Problem, type ProblemCode } from './problem.ts';

/** A named wait with a limit. Every wait of the lab goes through one of the two functions here. */
export interface Wait {
  /** What is waited for, as the end of the sentence "waited N s for …". */
  name: string;
  limitMs: number;
  /** The code of the problem when the limit passes. */
  code?: ProblemCode;
  signal?: AbortSignal | undefined;
}

function passed(wait: Wait, seen?: string): Problem {
  const seconds = (wait.limitMs / 1000).toFixed(wait.limitMs < 10_000 ? 1 : 0);
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
      pause(wait.limitMs, undefined, { signal }).then(
        () => {
          throw passed(wait);
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

/**
 * Asks `probe` again and again until it gives something other than undefined.
 * @param probe what it throws ends the wait at once; `note` keeps what was seen last, for the message
 */
export async function until<T>(
  wait: Wait & { everyMs?: number },
  probe: (note: (seen: string) => void) => Promise<T | undefined>,
): Promise<T> {
  const end = performance.now() + wait.limitMs;
  let seen: string | undefined;
  for (;;) {
    wait.signal?.throwIfAborted();
    const found = await probe((text) => {
      seen = text;
    });
    if (found !== undefined) return found;
    if (performance.now() >= end) throw passed(wait, seen);
    await pause(wait.everyMs ?? 50, undefined, { signal: wait.signal });
  }
}

const controller = new AbortController();

/** The person at the keyboard, or the system, wants it to end. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(name: 'SIGINT' | 'SIGTERM' | 'SIGHUP') {
    super(`ended by ${name}; everything that was started is cleaned up`);
    // 128 + the number of the signal, as a shell would say it.
    this.exitCode = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[name];
  }
}

/** Aborted at the first SIGINT, SIGTERM or SIGHUP. */
export const interrupted: AbortSignal = controller.signal;

/** Runs `work` with the signals caught: the first one aborts, and what was started is cleaned up; the second one ends at once. */
export async function interruptible(work: () => Promise<void>): Promise<void> {
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const on = names.map((name) => {
    const listener = () => {
      if (controller.signal.aborted) process.exit(new Interrupted(name).exitCode);
      console.error('midwrite: cleaning up (once more ends at once; the next start cleans up then)');
      controller.abort(new Interrupted(name));
    };
    process.on(name, listener);
    return { name, listener };
  });
  try {
    await work();
  } finally {
    for (const { name, listener } of on) process.off(name, listener);
  }
}

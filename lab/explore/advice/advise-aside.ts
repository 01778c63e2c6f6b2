import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Advice } from './advice.ts';
import { notAdvised } from './advise.ts';
import type { AdvisingWork } from './advising-thread.ts';

/** Compiled in the package, as it was written in a checkout. */
const THREAD = new URL(`./advising-thread${path.extname(import.meta.filename)}`, import.meta.url);

/**
 * Weighs a record in a thread of its own.
 * @param endsAt nothing more is weighed from then on, by performance.now()
 * @param signal ends the thread
 */
export async function adviseAside(
  work: Omit<AdvisingWork, 'endsAt'>,
  endsAt: number,
  signal: AbortSignal,
): Promise<Advice> {
  const nothing = notAdvised(work.promises);
  if (nothing !== undefined) return nothing;
  const workerData: AdvisingWork = { ...work, endsAt: performance.timeOrigin + endsAt };
  const thread = new Worker(THREAD, { workerData });
  const end = () => void thread.terminate();
  signal.addEventListener('abort', end, { once: true });
  const { promise, resolve, reject } = Promise.withResolvers<Advice>();
  thread.once('message', resolve);
  thread.once('error', reject);
  thread.once('exit', (code) => reject(new Error(`the thread that weighs a record ended without an answer (${code})`)));
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', end);
    await thread.terminate();
  }
}

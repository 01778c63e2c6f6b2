import { Failure } from './failure.ts';
import { figure, Inspector } from './inspector.ts';

/**
 * What is alive is in every reading, and what a gateway is just working on is not: it is collected and read until the smallest reading came twice, so nearly.
 * Garbage that only a finalizer or a weak reference lets go of takes more than one collection, too.
 */
const SAME_BYTES = 4096;
const COLLECTIONS_MAX = 8;

/** The memory of a gateway right after a garbage collection. */
export interface Heap {
  /** What the objects on the JavaScript heap take. */
  readonly usedBytes: number;
  /** What V8 has reserved for that heap. */
  readonly totalBytes: number;
  /** What objects hold outside the heap; array buffers, and so every `Buffer`, are part of it. */
  readonly externalBytes: number;
  /** The resident set of the whole process. */
  readonly residentBytes: number;
  /** Processor time of the whole process since its start, in user and kernel mode. */
  readonly cpuMs: number;
  /** How much of it this look took. */
  readonly lookCpuMs: number;
  /** From the first poll to the last figure. */
  readonly tookMs: number;
}

/** Collects garbage and reads the heap, all within the limit. Fails as `Inspector.open` does. */
export async function heap(port: number, limitMs: number, cancel: AbortSignal): Promise<Heap> {
  const startedMs = performance.now();
  await using inspector = await Inspector.open(port, limitMs, cancel);
  const before = await inspector.cpuMs();
  const usage = await smallestUsage(inspector);
  const memory = await inspector.evaluate('process.memoryUsage()');
  const cpuMs = await inspector.cpuMs();
  return {
    ...usage,
    externalBytes: figure(memory, 'external'),
    residentBytes: figure(memory, 'rss'),
    cpuMs,
    lookCpuMs: cpuMs - before,
    tookMs: performance.now() - startedMs,
  };
}

async function smallestUsage(inspector: Inspector): Promise<{ usedBytes: number; totalBytes: number }> {
  const readings: { usedBytes: number; totalBytes: number }[] = [];
  for (;;) {
    await inspector.call('HeapProfiler.collectGarbage');
    const usage = await inspector.call('Runtime.getHeapUsage');
    readings.push({ usedBytes: figure(usage, 'usedSize'), totalBytes: figure(usage, 'totalSize') });
    const [smallest, second] = readings.toSorted((a, b) => a.usedBytes - b.usedBytes);
    if (smallest === undefined || second === undefined) continue;
    if (second.usedBytes - smallest.usedBytes <= SAME_BYTES || readings.length === COLLECTIONS_MAX) return smallest;
  }
}

/** More and more of what nothing lets go of, a megabyte of it at a time: V8 ends the process at its own limit. */
const GROWS = '{ const kept = []; for (;;) kept.push(new Array(131072).fill(Math.random())); }';

/** Lets the heap grow until the process is gone; `tookMs` from the first poll. Fails as `Inspector.open` does, and with `timeout` where it lives on. */
export async function exhaustHeap(port: number, limitMs: number, cancel: AbortSignal): Promise<{ tookMs: number }> {
  const startedMs = performance.now();
  await using inspector = await Inspector.open(port, limitMs, cancel);
  try {
    await inspector.call('Runtime.evaluate', { expression: GROWS });
  } catch (error) {
    // The connection breaks where the process dies; whether it did is for the engine to say.
    if (!(error instanceof Failure) || error.code !== 'inspector-failed') throw error;
  }
  return { tookMs: performance.now() - startedMs };
}

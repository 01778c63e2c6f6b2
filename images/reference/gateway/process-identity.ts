import { readFile } from 'node:fs/promises';
import { errnoOf } from './log.ts';

/**
 * Which process it is. A PID alone proves nothing: in a container the next process gets the same one. The start time tells
 * them apart, and the boot id tells apart equal start times of two boots of the machine.
 */
export interface ProcessIdentity {
  /** The first 8 hex digits of the kernel's boot id. */
  readonly boot: string;
  readonly pid: number;
  /** Clock ticks from the machine's boot to the process's start, as the kernel prints them: field 22 of proc(5)'s stat. */
  readonly startTicks: string;
}

export type Liveness = 'alive' | 'dead' | 'unknown';

/** The identity of a running process (default: this one). Rejects where /proc does not tell. */
export async function identify(pid: number = process.pid): Promise<ProcessIdentity> {
  const [bootId, stat] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    readFile(`/proc/${pid}/stat`, 'utf8'),
  ]);
  return { boot: bootId.slice(0, 8), pid, startTicks: parseStat(stat).startTicks };
}

/** Does this very process still run? `self` is the one that asks: it knows the present boot. */
export async function livenessOf(who: ProcessIdentity, self: ProcessIdentity): Promise<Liveness> {
  if (who.boot !== self.boot) return 'dead';
  let text: string;
  try {
    text = await readFile(`/proc/${who.pid}/stat`, 'utf8');
  } catch (error) {
    // ESRCH: it ended between open and read. Anything else (no permission, no file handles) proves nothing.
    const errno = errnoOf(error);
    return errno === 'ENOENT' || errno === 'ESRCH' ? 'dead' : 'unknown';
  }
  const stat = parseStat(text);
  if (stat.startTicks !== who.startTicks) return 'dead';
  // A zombie writes nothing any more; it only waits for its parent.
  return stat.state === 'Z' || stat.state === 'X' ? 'dead' : 'alive';
}

/** The fields of /proc/PID/stat that count. The name (field 2) may hold spaces and brackets: count from its end. */
export function parseStat(text: string): { state: string; startTicks: string } {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  const startTicks = fields[22 - 3];
  if (!state || !startTicks || !/^\d+$/.test(startTicks)) throw new Error(`unexpected form of /proc stat: ${text}`);
  return { state, startTicks };
}

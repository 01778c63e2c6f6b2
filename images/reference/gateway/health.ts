import { readFile } from 'node:fs/promises';

/** What share of its limit the cgroup may be charged with before the alarm. */
const ALARM_SHARE = 0.85;

/** What the process holds, in bytes; null where the kernel does not say. */
export interface Memory {
  /** Addresses that were reserved (VmSize): costs nothing, and may be a multiple of the machine's memory. */
  readonly reservedBytes: number | null;
  /** Pages of this process that are in memory now (VmRSS). */
  readonly residentBytes: number | null;
  readonly heapUsedBytes: number;
  /** What the cgroup is charged with: this is what the kernel kills for. */
  readonly chargedBytes: number | null;
  /** The part of the charge that the kernel takes back before it kills: file cache that nobody used lately. */
  readonly reclaimableBytes: number | null;
  /** Of the cgroup; null: none. */
  readonly limitBytes: number | null;
  readonly alarmAtBytes: number | null;
  /** The charge less what is reclaimable has come to `alarmAtBytes`. The reservation plays no part in it. */
  readonly alarm: boolean;
}

export type HealthStatus = 'ok' | 'memory-alarm' | 'not-ready' | 'stopping';

/** How the gateway is, in a word: what it is doing goes before how much it holds. */
export function healthStatus(is: { ready: boolean; stopping: boolean; alarm: boolean }): HealthStatus {
  if (is.stopping) return 'stopping';
  if (!is.ready) return 'not-ready';
  return is.alarm ? 'memory-alarm' : 'ok';
}

/** Reads a file of the kernel's; undefined where it is not there. */
export type ReadText = (path: string) => Promise<string | undefined>;

const readKernelFile: ReadText = (path) => readFile(path, 'utf8').catch(() => undefined);

export async function readMemory(read: ReadText = readKernelFile): Promise<Memory> {
  const [status, charge] = await Promise.all([read('/proc/self/status'), readCharge(read)]);
  const limitBytes = charge?.limitBytes ?? null;
  const alarmAtBytes = limitBytes === null ? null : Math.floor(limitBytes * ALARM_SHARE);
  return {
    reservedBytes: statusBytes(status, 'VmSize'),
    residentBytes: statusBytes(status, 'VmRSS'),
    heapUsedBytes: process.memoryUsage().heapUsed,
    chargedBytes: charge?.chargedBytes ?? null,
    reclaimableBytes: charge?.reclaimableBytes ?? null,
    limitBytes,
    alarmAtBytes,
    alarm:
      charge !== undefined && alarmAtBytes !== null && charge.chargedBytes - charge.reclaimableBytes >= alarmAtBytes,
  };
}

interface Charge {
  readonly chargedBytes: number;
  readonly reclaimableBytes: number;
  readonly limitBytes: number | null;
}

interface CgroupVersion {
  readonly mount: string;
  readonly charged: string;
  readonly limit: string;
  /** The line of `memory.stat`, of this cgroup and those below it. */
  readonly reclaimable: string;
}

const V1: CgroupVersion = {
  mount: '/sys/fs/cgroup/memory',
  charged: 'memory.usage_in_bytes',
  limit: 'memory.limit_in_bytes',
  reclaimable: 'total_inactive_file',
};

const V2: CgroupVersion = {
  mount: '/sys/fs/cgroup',
  charged: 'memory.current',
  limit: 'memory.max',
  reclaimable: 'inactive_file',
};

/** Undefined where there is no memory cgroup. */
async function readCharge(read: ReadText): Promise<Charge | undefined> {
  const own = parseOwnCgroups((await read('/proc/self/cgroup')) ?? '');
  // A machine may have both: then memory is counted where the line of version 1 says so.
  const [version, path] = own.memory === undefined ? [V2, own.unified] : [V1, own.memory];
  if (path === undefined) return undefined;
  // In a container the path may be the host's, while what is mounted is the container's own cgroup.
  for (const folder of [`${version.mount}${path === '/' ? '' : path}`, version.mount]) {
    const charged = await read(`${folder}/${version.charged}`);
    if (charged === undefined) continue;
    const [limit, stat] = await Promise.all([read(`${folder}/${version.limit}`), read(`${folder}/memory.stat`)]);
    return {
      chargedBytes: Number(charged),
      reclaimableBytes: Number(new RegExp(`^${version.reclaimable} (\\d+)$`, 'm').exec(stat ?? '')?.[1] ?? 0),
      limitBytes: parseLimit(limit),
    };
  }
  return undefined;
}

/** Lines of /proc/self/cgroup: `<id>:<controllers>:<path>`; version 2 has no controllers. */
function parseOwnCgroups(text: string): { memory: string | undefined; unified: string | undefined } {
  const lines = text.split('\n').map((line) => /^\d+:([^:]*):(.*)$/.exec(line));
  return {
    memory: lines.find((line) => line?.[1]?.split(',').includes('memory'))?.[2],
    unified: lines.find((line) => line?.[1] === '')?.[2],
  };
}

/** No limit is `max` in version 2, and in version 1 the largest number of whole pages. */
function parseLimit(text: string | undefined): number | null {
  const bytes = Number(text?.trim() || Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** A line of /proc/PID/status: `VmRSS:     1640 kB`. */
function statusBytes(status: string | undefined, name: string): number | null {
  const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status ?? '')?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Who made something. A process id alone proves nothing: ids come again, and another machine or another PID namespace (a CI job in a
 * container, a remote engine) has its own. So the machine, its boot and its PID namespace go into `host`, and the start of the process beside
 * its id.
 */
export interface Owner {
  host: string;
  pid: number;
  /** Opaque; equal for the same process only. Empty where the system does not tell. */
  startedAt: string;
}

export type Liveness = 'alive' | 'dead' | 'elsewhere';

/** When a process started, in the system's own words, or undefined when there is none. */
function startOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      // Field 22 of /proc/<pid>/stat (proc_pid_stat(5)); the second field may hold spaces and brackets, so count from the last one.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    }
    if (process.platform === 'win32') {
      process.kill(pid, 0);
      return '';
    }
    const out = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return out === '' ? undefined : out;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? '' : undefined;
  }
}

function read(name: () => string): string {
  try {
    return name().trim();
  } catch {
    return '';
  }
}

function hostId(): string {
  const parts = [
    hostname(),
    read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
    read(() => readlinkSync('/proc/self/ns/pid')),
  ];
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16);
}

let me: Owner | undefined;

/** This process. */
export function self(): Owner {
  me ??= { host: hostId(), pid: process.pid, startedAt: startOf(process.pid) ?? '' };
  return me;
}

/** `elsewhere`: made on another machine or before its last boot; from here nobody can tell. */
export function liveness(owner: Owner): Liveness {
  if (owner.host !== self().host) return 'elsewhere';
  const start = startOf(owner.pid);
  return start !== undefined && start === owner.startedAt ? 'alive' : 'dead';
}

/** For a label or a file name: `host.pid.start`. */
export function encodeOwner(owner: Owner): string {
  return `${owner.host}.${owner.pid}.${Buffer.from(owner.startedAt).toString('hex')}`;
}

export function decodeOwner(text: string): Owner | undefined {
  const match = /^([0-9a-f]{16})\.(\d+)\.([0-9a-f]*)$/.exec(text);
  if (match === null) return undefined;
  return { host: match[1] ?? '', pid: Number(match[2]), startedAt: Buffer.from(match[3] ?? '', 'hex').toString() };
}

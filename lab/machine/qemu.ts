import { spawn } from 'node:child_process';
import { existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { engineOf, FILE_SYSTEMS, type MachineKind } from '../machine-kind.ts';
import { errorCode, Problem } from '../problem.ts';
import { until } from '../wait.ts';
import type { Accelerator } from './accelerator.ts';
import {
  agentSocket,
  consoleFile,
  type DiskFiles,
  type MachineFolders,
  pidFile,
  stateDisk,
  stateLog,
} from './folders.ts';

const END_LIMIT_MS = 30_000;
const MiB = 1024 * 1024;
const MOST_MEMORY_BYTES = 6144 * MiB;
const PROCESSORS = 2;
const LAST_LINES = 15;
/** Whose emulation needs neither SVE nor pointer authentication, which `max` has and which cost much; of machines that clouds rent out. */
const ARM_CPU = 'neoverse-n1';
/** Of the one way in: https://docs.docker.com/engine/security/protect-access/ */
const TLS_PORT = 2376;
const SSH_PORT = 22;

const UNUSED_MODULES = ['ahci', 'kvm_amd', 'kvm_intel', 'qemu_fw_cfg', 'serio_raw', 'evdev', 'button', 'aesni_intel'];

/** How a machine is run. */
export interface QemuSpec {
  kind: MachineKind;
  files: DiskFiles;
  accelerator: Accelerator;
  /** On this host's loopback: its engine. */
  port: number;
  memoryBytes: number;
  /** It goes on when the lab that started it ends; else it dies with it, however that ends. */
  outlivesLab: boolean;
  /** Every write and flush of the state disk is written down (block-log.ts). */
  blockLog: boolean;
}

/** Half of what the host has, and no more than is of use. */
export const machineMemoryBytes = (hostBytes: number): number =>
  Math.floor(Math.min(MOST_MEMORY_BYTES, hostBytes / 2) / MiB) * MiB;

export const qemuProgram = (cpu: MachineKind['cpu']): string =>
  cpu === 'arm64' ? 'qemu-system-aarch64' : 'qemu-system-x86_64';
export const qemuPackage = (cpu: MachineKind['cpu']): string =>
  cpu === 'arm64' ? 'qemu-system-arm' : 'qemu-system-x86';

/**
 * The command line. What the guest's kernel has sent to a disk is in the host's page cache, which outlives QEMU: `cache=unsafe` asks the host for
 * nothing more, and the guest is told that the disk has a cache to be flushed, as real ones have. `restrict=on`: nothing in the machine reaches any
 * network, its own host included; the one way in is the engine's port, on the host's loopback.
 */
export function qemuArgs(spec: QemuSpec, folders: MachineFolders): string[] {
  const { kind, files, accelerator, port, memoryBytes, blockLog } = spec;
  const isArm = kind.cpu === 'arm64';
  const boot = [
    ...['root=/dev/vda', 'rw', `console=${isArm ? 'ttyAMA0' : 'ttyS0'}`, 'loglevel=4', 'net.ifnames=0'],
    // A kernel that panics ends the machine, which is seen at once.
    ...['panic=-1', 'systemd.show_status=0', `midwrite.state=${FILE_SYSTEMS[kind.fileSystem].options}`],
    // What is in it is the lab's own and under test: nobody attacks it from inside.
    'mitigations=off',
    // Modules that udev loads for what the machine has and nobody uses: each takes time at a boot.
    `modprobe.blacklist=${UNUSED_MODULES.join(',')}`,
    // On arm64 the kernel has page tables of its own (KPTI) where its address is random, whatever is said of mitigations; each switch of them empties
    // QEMU's TLB, so that a loop of bash took 100 times as long as on the host.
    ...(isArm ? ['nokaslr', 'kpti=0'] : []),
  ];
  const disk = (id: string, file: string) => [
    ...['-drive', `file=${file},if=none,id=${id},format=raw,cache=unsafe,discard=unmap`],
    ...['-device', `virtio-blk-pci,drive=${id}`],
  ];
  return [
    ...['-name', 'midwrite', '-machine', isArm ? 'virt' : 'q35', '-no-reboot', '-nodefaults', '-display', 'none'],
    ...(accelerator.kind === 'kvm'
      ? ['-accel', 'kvm', '-cpu', 'host']
      : ['-accel', 'tcg,thread=multi,tb-size=512', '-cpu', isArm ? ARM_CPU : 'max']),
    ...['-smp', String(PROCESSORS), '-m', `${Math.floor(memoryBytes / MiB)}M`],
    ...['-kernel', files.kernel, '-initrd', files.initrd, '-append', boot.join(' ')],
    ...disk('system', files.root),
    ...(blockLog ? loggedDisk('state', stateDisk(folders), stateLog(folders)) : disk('state', stateDisk(folders))),
    ...[
      '-netdev',
      `user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:${port}-10.0.2.15:${engineOf(kind).transport === 'ssh' ? SSH_PORT : TLS_PORT}`,
    ],
    ...['-device', 'virtio-net-pci,netdev=net,romfile='],
    ...['-device', 'virtio-rng-pci'],
    ...['-device', 'virtio-serial-pci', '-chardev', `socket,id=agent,path=${agentSocket(folders)},server=on,wait=off`],
    ...['-device', 'virtserialport,chardev=agent,name=midwrite'],
    ...['-serial', `file:${consoleFile(folders)}`],
    ...['-pidfile', pidFile(folders)],
  ];
}

/**
 * A disk with QEMU's filter `blklogwrites` above it. The host is asked for no flush (`cache.no-flush` of the files below), and the filter still gets
 * each flush of the guest, which it writes into the log.
 */
function loggedDisk(id: string, file: string, log: string): string[] {
  const raw = (name: string, at: string) => [
    '-blockdev',
    `driver=file,node-name=${name},filename=${at},cache.no-flush=on,discard=unmap`,
  ];
  return [
    ...raw(`${id}-file`, file),
    ...raw(`${id}-log`, log),
    ...['-blockdev', `driver=blklogwrites,node-name=${id},file=${id}-file,log=${id}-log,log-sector-size=512`],
    ...['-device', `virtio-blk-pci,drive=${id}`],
  ];
}

/**
 * Starts QEMU. Where it is not to outlive the lab, the kernel kills it with the lab (PR_SET_PDEATHSIG of prctl(2), by util-linux's setpriv): also
 * one that was killed itself.
 * @returns its process id, and what is said when it has ended
 */
export async function startQemu(
  spec: QemuSpec,
  folders: MachineFolders,
): Promise<{ pid: number; whyEnded(): string | undefined }> {
  const program = qemuProgram(spec.kind.cpu);
  const args = qemuArgs(spec, folders);
  const log = path.join(folders.run, 'qemu.log');
  const [file, ...own] = spec.outlivesLab ? [program, ...args] : ['setpriv', '--pdeathsig', 'KILL', program, ...args];
  await rm(pidFile(folders), { force: true });
  const out = openSync(log, 'w');
  // A session of its own: the Ctrl-C that ends the lab is the lab's to answer.
  const child = spawn(file ?? program, own, { detached: true, stdio: ['ignore', out, out] });
  let ended: string | undefined;
  child.on('error', (error) => {
    ended = error.message;
  });
  child.on('exit', (code, signal) => {
    ended = `it ended with ${signal ?? code}`;
  });
  child.unref();
  await until({ name: 'QEMU to start', limitMs: END_LIMIT_MS, code: 'no-machine', everyMs: 20 }, async () => {
    if (ended !== undefined)
      throw new Problem('no-machine', `QEMU did not start: ${ended}. It said:\n  ${lastLines(log) || 'nothing'}`);
    return existsSync(pidFile(folders)) || undefined;
  });
  return {
    pid: child.pid ?? 0,
    whyEnded: () =>
      ended === undefined ? undefined : `${ended}. The end of its console:\n  ${lastLines(consoleFile(folders))}`,
  };
}

function lastLines(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LAST_LINES).join('\n  ');
  } catch {
    return '';
  }
}

/** The machine that runs from these folders, if one does: after a crash the id in the pid file may be anyone's. */
export async function qemuPid(folders: MachineFolders): Promise<number | undefined> {
  const pid = Number(await readFile(pidFile(folders), 'utf8').catch(() => ''));
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  const line = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
  const isQemu = path.basename(line[0] ?? '').startsWith('qemu-system-');
  return isQemu && line.some((part) => part.includes(agentSocket(folders))) ? pid : undefined;
}

/** Ends a machine as a power failure does, and waits until it is gone. */
export async function killQemu(pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return;
    throw new Problem('no-machine', `the machine's process ${pid} can't be ended.`, { cause: error });
  }
  await qemuEnded(pid, END_LIMIT_MS);
}

/** Waits until a machine has ended, and nothing of it can write to its disks any more. */
export async function qemuEnded(pid: number, limitMs: number): Promise<void> {
  await until(
    { name: `the machine (process ${pid}) to end`, limitMs, everyMs: 10 },
    async () => isGone(pid) || undefined,
  );
}

/**
 * A process that nobody has waited for yet is a zombie, and ended too; but its first thread is one while the others still hold its files (proc_pid_task(5)).
 */
export function isGone(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const isZombie = stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
    return isZombie && readdirSync(`/proc/${pid}/task`).length === 1;
  } catch (error) {
    // It may have gone between the two looks.
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ESRCH') return true;
    throw error;
  }
}

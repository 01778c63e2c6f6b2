import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { totalmem } from 'node:os';
import type { Endpoint } from '../engine/endpoint.ts';
import { type Machine, type Question, Up } from '../engine/machine.ts';
import { answers, debianLike, installPackages, saysWhatItIs } from '../engine/private-engine.ts';
import type { BuildOptions } from '../image/recipe.ts';
import { diskName, engineOf, type MachineKind, machineKind } from '../machine-kind.ts';
import { lock } from '../owner/lock.ts';
import { decodeOwner, encodeOwner, liveness, self } from '../owner/owner.ts';
import { describe, Problem } from '../problem.ts';
import { until } from '../wait.ts';
import { accelerator, EMULATED_COST, kvmFacts } from './accelerator.ts';
import { ask } from './agent.ts';
import { sshArgs } from './certificates.ts';
import { beginBlockLog, ensureDisk, makeStateDisk } from './disk.ts';
import {
  agentSocket,
  type DiskFiles,
  diskFiles,
  lockFile,
  type MachineFolders,
  machineFile,
  machineFolders,
  stateBase,
  stateDisk,
  stateLog,
} from './folders.ts';
import {
  isGone,
  killQemu,
  machineMemoryBytes,
  type QemuSpec,
  qemuEnded,
  qemuPackage,
  qemuPid,
  qemuProgram,
  startQemu,
} from './qemu.ts';

/** An emulated one on a busy host. */
const BOOT_LIMIT_MS = 10 * 60_000;
const LOCK_LIMIT_MS = 30 * 60_000;
const ASK_LIMIT_MS = 120_000;
const POWER_OFF_LIMIT_MS = 120_000;

/** Why no machine can be made here, or undefined if one can. */
export function whyNoMachine(kind = machineKind({})): string | undefined {
  if (process.platform !== 'linux') return 'it needs QEMU on Linux';
  const isThere = existsSync(`/usr/bin/${qemuProgram(kind.cpu)}`);
  if (process.getuid?.() !== 0)
    return 'its disk is built from packages of Debian by root (mmdebstrap, chroot), so run this as root';
  if (!debianLike() && !isThere) return `install QEMU (${qemuProgram(kind.cpu)}), mmdebstrap, openssl and e2fsprogs`;
  return undefined;
}

/**
 * Makes sure that a machine of this kind runs and that its engine answers: installs QEMU on Debian, builds the disk the first time, takes away what a
 * lab that was killed left.
 * @param outlivesLab it goes on when this lab ends
 * @param blockLog every write of its state disk is written down
 * @throws Problem no-machine, machine-lost
 */
export async function machineUp(
  kind: MachineKind,
  { outlivesLab, blockLog = false, ...options }: BuildOptions & { outlivesLab: boolean; blockLog?: boolean },
  folders = machineFolders(),
): Promise<Machine> {
  const why = whyNoMachine(kind);
  if (why !== undefined) throw new Problem('no-machine', `A machine can't be made here: ${why}.`);
  await using _ = await lock(lockFile(folders), LOCK_LIMIT_MS);
  const running = await runningMachine(folders);
  const isAsked = (up: Up) => isSame(up.kind, kind) && (up.blockLog || !blockLog);
  if (running !== undefined && isAsked(running) && (await answers(endpointOf(running, folders)))) {
    if (running.outlivesLab || isOwn(running)) return new RunningMachine(running, folders, options);
    throw new Problem(
      'no-machine',
      `another lab has the machine (process ${decodeOwner(running.owner)?.pid}): wait until it has ended.`,
    );
  }
  if (running?.outlivesLab && !isAsked(running) && !outlivesLab)
    throw new Problem(
      'no-machine',
      `the machine that is up is another one (${inWords(running.kind)}${running.blockLog ? '' : ', without a block log'}): \`npx midwrite machine down\` first.`,
    );
  await takeAway(folders);
  await installPackages(
    [qemuProgram(kind.cpu), 'mmdebstrap', 'openssl', 'mke2fs', 'setpriv', 'ssh'],
    [qemuPackage(kind.cpu), 'mmdebstrap', 'openssl', 'e2fsprogs', 'util-linux', 'openssh-client'],
    options.say,
    'Install it by hand.',
  );
  const { files } = await ensureDisk(folders, kind, options);
  await makeStateDisk(stateDisk(folders), kind.fileSystem, options);
  for (const old of [stateBase(folders), stateLog(folders)]) await rm(old, { force: true });
  if (blockLog) await beginBlockLog(folders);
  const how = accelerator(kvmFacts(), kind.cpu);
  if (how.kind === 'emulated') options.say(`${how.why}: the machine is emulated, and ${EMULATED_COST}`);
  const spec: QemuSpec = {
    kind,
    files,
    accelerator: how,
    port: await freePort(),
    memoryBytes: machineMemoryBytes(totalmem()),
    outlivesLab,
    blockLog,
  };
  const machine = new RunningMachine(await start(spec, folders, options), folders, options);
  // From here on a power cut takes nothing of the engine with it.
  await machine.ask(['sync-engine']);
  return machine;
}

/** Starts QEMU, waits until the machine's engine answers, and writes down what runs. */
async function start(spec: QemuSpec, folders: MachineFolders, options: BuildOptions): Promise<Up> {
  const began = performance.now();
  await mkdir(folders.run, { recursive: true, mode: 0o700 });
  await rm(machineFile(folders), { force: true });
  options.say(`starting the machine (${inWords(spec.kind)}, ${spec.accelerator.kind === 'kvm' ? 'KVM' : 'emulated'})`);
  const { pid, whyEnded } = await startQemu(spec, folders);
  try {
    const { kind, port, memoryBytes, outlivesLab, blockLog } = spec;
    const up: Up = {
      ...{ pid, port, kind, memoryBytes, outlivesLab, blockLog },
      accelerator: spec.accelerator.kind,
      owner: encodeOwner(self()),
      bootMs: 0,
    };
    const wait = { limitMs: BOOT_LIMIT_MS, code: 'no-machine', everyMs: 250, signal: options.signal } as const;
    await until({ ...wait, name: "the machine's engine to answer" }, async (note) => {
      const why = whyEnded();
      if (why !== undefined) throw new Problem('machine-lost', `the machine did not start: ${why}`);
      note('`npx midwrite machine status` says where its console is');
      return (await saysWhatItIs(endpointOf(up, folders))) || undefined;
    });
    await ask(agentSocket(folders), ['hello'], ASK_LIMIT_MS);
    up.bootMs = Math.round(performance.now() - began);
    await writeFile(machineFile(folders), `${JSON.stringify(up, null, 2)}\n`);
    return up;
  } catch (error) {
    await killQemu(pid);
    throw error;
  }
}

class RunningMachine implements Machine {
  #up: Up;
  readonly #folders: MachineFolders;
  readonly #options: BuildOptions;

  constructor(up: Up, folders: MachineFolders, options: BuildOptions) {
    this.#up = up;
    this.#folders = folders;
    this.#options = options;
  }

  get up(): Readonly<Up> {
    return this.#up;
  }

  get endpoint(): Endpoint {
    return endpointOf(this.#up, this.#folders);
  }

  async ask(question: Question): Promise<ReadonlyMap<string, string>> {
    if (isGone(this.#up.pid))
      throw new Problem('machine-lost', `the machine (process ${this.#up.pid}) ended by itself.`);
    return ask(agentSocket(this.#folders), question, ASK_LIMIT_MS);
  }

  async cut(): Promise<void> {
    if (isGone(this.#up.pid))
      throw new Problem('machine-lost', `the machine (process ${this.#up.pid}) ended before its power was cut.`);
    await killQemu(this.#up.pid);
  }

  async bootAgain(): Promise<void> {
    const { kind, port, memoryBytes, outlivesLab } = this.#up;
    const files = diskFiles(this.#folders, diskName(kind));
    // What was written down ends with the cut.
    const how = { accelerator: accelerator(kvmFacts(), kind.cpu), port, memoryBytes, outlivesLab, blockLog: false };
    const spec = { kind, files, ...how };
    this.#up = await start(spec, this.#folders, this.#options);
  }
}

/** What is known of the machine that runs. Undefined: none does, or one that was never ready. */
export async function runningMachine(folders = machineFolders()): Promise<Up | undefined> {
  const pid = await qemuPid(folders);
  const up = Up.safeParse(json(await readFile(machineFile(folders), 'utf8').catch(() => '')));
  return up.success && up.data.pid === pid ? up.data : undefined;
}

/** Stops the machine and takes away what is of it; with `purge` its disks too. */
export async function machineDown(
  options: { purge: boolean },
  folders = machineFolders(),
): Promise<'stopped' | 'was-not-running'> {
  await using _ = await lock(lockFile(folders), LOCK_LIMIT_MS);
  const pid = await qemuPid(folders);
  if (pid !== undefined) {
    // Its disk is to be whole at the next start; one that does not listen is ended all the same.
    await ask(agentSocket(folders), ['power-off'], ASK_LIMIT_MS)
      .then(() => qemuEnded(pid, POWER_OFF_LIMIT_MS))
      .catch(() => undefined);
  }
  await takeAway(folders);
  if (options.purge) await rm(folders.data, { recursive: true, force: true });
  return pid === undefined ? 'was-not-running' : 'stopped';
}

/** A lab is done with its machine: one that was up before stays, its engine's files written; another one goes. */
export async function letGo(machine: Machine, folders = machineFolders()): Promise<void> {
  // One that ended by itself was told of already.
  await machine.ask(['sync-engine']).catch(() => undefined);
  if (machine.up.outlivesLab) return;
  await using _ = await lock(lockFile(folders), LOCK_LIMIT_MS);
  await takeAway(folders);
}

/** Takes away a machine of a lab that is dead, where one was left. Says whether there was one. */
export async function sweepMachine(folders = machineFolders()): Promise<boolean> {
  if ((await qemuPid(folders)) === undefined) return false;
  const up = await runningMachine(folders);
  const owner = decodeOwner(up?.owner ?? '');
  // One that is just being started has its lock, and its lab.
  if (up === undefined || up.outlivesLab || owner === undefined || liveness(owner) !== 'dead') return false;
  await using _ = await lock(lockFile(folders), LOCK_LIMIT_MS);
  await takeAway(folders);
  return true;
}

async function takeAway(folders: MachineFolders): Promise<void> {
  const pid = await qemuPid(folders);
  if (pid !== undefined) await killQemu(pid);
  await rm(folders.run, { recursive: true, force: true });
}

/** For `machine status`, one line each. */
export async function machineStatus(folders = machineFolders()): Promise<{ isUp: boolean; lines: string[] }> {
  const running = await runningMachine(folders);
  const kind = running?.kind ?? machineKind({});
  const how = accelerator(kvmFacts(), kind.cpu);
  const pid = await qemuPid(folders);
  const disk = diskFiles(folders, diskName(kind));
  const lines = [
    running === undefined
      ? pid === undefined
        ? 'no machine is up'
        : `a machine is starting, or was left by a lab that was killed (process ${pid})`
      : `up: ${inWords(running.kind)}, ${running.accelerator === 'kvm' ? 'KVM' : 'emulated'}, process ${pid}, engine at ${endpointOf(running, folders).uri} (keys in ${diskFiles(folders, diskName(running.kind)).certificates}), answered after ${(running.bootMs / 1000).toFixed(0)} s`,
    ...(pid === undefined ? [] : [`console: ${folders.run}/console.log`]),
    `disk: ${await diskInWords(disk)}`,
    `processor: ${how.kind === 'kvm' ? 'KVM' : `emulated, since ${how.why}; ${EMULATED_COST}`}`,
  ];
  const why = whyNoMachine();
  if (why !== undefined) lines.push(`no machine can be made here: ${why}`);
  return { isUp: running !== undefined, lines };
}

async function diskInWords(disk: DiskFiles): Promise<string> {
  if (!existsSync(disk.folder)) return 'not built yet; the first start builds it';
  const { blocks } = await stat(disk.root);
  return `${disk.folder} (${((blocks * 512) / 1024 ** 3).toFixed(1)} GiB)`;
}

export const inWords = ({ release, cpu, fileSystem, engine }: MachineKind): string =>
  `Debian ${release}, ${cpu}, ${fileSystem}, ${engine}`;

const isSame = (a: MachineKind, b: MachineKind) => inWords(a) === inWords(b);
const isOwn = (up: Up) => up.owner === encodeOwner(self());

function endpointOf({ port, kind }: Pick<Up, 'port' | 'kind'>, folders: MachineFolders): Endpoint {
  const { certificates } = diskFiles(folders, diskName(kind));
  const { transport, user, socket } = engineOf(kind);
  const whose = { from: 'the machine of midwrite', explicit: false };
  return transport === 'ssh'
    ? { ...whose, uri: `ssh://${user}@127.0.0.1:${port}${socket}`, sshArgs: sshArgs(certificates) }
    : { ...whose, uri: `tcp://127.0.0.1:${port}`, certPath: certificates };
}

/** A port on loopback that nobody has now. If somebody takes it before QEMU does, QEMU says so and ends. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return { unreadable: describe(error) };
  }
}

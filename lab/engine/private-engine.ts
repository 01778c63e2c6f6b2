import { spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import Docker from 'dockerode';
import { lock } from '../owner/lock.ts';
import { describe, errorCode, Problem } from '../problem.ts';
import { run } from '../process.ts';
import { until } from '../wait.ts';
import { dockerOptions, type Endpoint } from './endpoint.ts';
import { reachable } from './ssh-tunnel.ts';

/** Where a private engine lives. Its images stay in `data` from run to run; `run` holds the socket and is gone when it is down. */
export interface PrivateEngineFolders {
  data: string;
  run: string;
}

export function privateEngineFolders(): PrivateEngineFolders {
  return {
    data: process.env.MIDWRITE_ENGINE_DATA ?? '/var/lib/midwrite/engine',
    run: process.env.MIDWRITE_ENGINE_RUN ?? '/run/midwrite-engine',
  };
}

const INSTALL_LIMIT_MS = 300_000;
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 30_000;
const PING_LIMIT_MS = 5_000;
/** An emulated one on a busy host. */
const INFO_LIMIT_MS = 60_000;
const PACKAGES = ['docker.io', 'mmdebstrap'];
/** The longest socket that the engine makes in its `run` folder, and how long the path of a socket may be (unix(7)). */
const LONGEST_SOCKET = 'exec/containerd/containerd.sock.ttrpc';
const SOCKET_PATH_LIMIT = 107;

const socketOf = (folders: PrivateEngineFolders) => path.join(folders.run, 'docker.sock');
const pidFileOf = (folders: PrivateEngineFolders) => path.join(folders.run, 'dockerd.pid');
const logOf = (folders: PrivateEngineFolders) => path.join(folders.data, 'dockerd.log');

export function privateEndpoint(folders = privateEngineFolders()): Endpoint {
  return { uri: `unix://${socketOf(folders)}`, from: 'the private engine of midwrite', explicit: false };
}

export const answers = (endpoint: Endpoint): Promise<boolean> =>
  succeeds(endpoint, PING_LIMIT_MS, (docker) => docker.ping());

/** Whether it says what it is, too: one can answer a ping and end at its first question (a rootless dockerd in the wrong network does). */
export const saysWhatItIs = (endpoint: Endpoint): Promise<boolean> =>
  succeeds(endpoint, INFO_LIMIT_MS, (docker) => docker.info());

async function succeeds(
  endpoint: Endpoint,
  limitMs: number,
  ask: (docker: Docker) => Promise<unknown>,
): Promise<boolean> {
  try {
    await ask(new Docker({ ...dockerOptions(await reachable(endpoint)), timeout: limitMs }));
    return true;
  } catch {
    return false;
  }
}

/** Why a private engine can't be started here, or undefined if it can. */
export function whyNoPrivateEngine(): string | undefined {
  if (process.platform !== 'linux') return 'start Docker Desktop (https://docs.docker.com/desktop/) and run this again';
  if (process.getuid?.() !== 0) {
    return 'start Docker (https://docs.docker.com/engine/install/), or run this as root on Debian or Ubuntu, where midwrite starts one of its own';
  }
  if (!debianLike())
    return 'install and start Docker Engine (https://docs.docker.com/engine/install/) and run this again';
  return undefined;
}

export function debianLike(): boolean {
  try {
    const release = readFileSync('/etc/os-release', 'utf8');
    return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release);
  } catch {
    return false;
  }
}

/**
 * Installs Debian packages if a program that they bring is missing.
 * @param advice what to do where that fails
 */
export async function installPackages(
  programs: readonly string[],
  packages: readonly string[],
  say: (line: string) => void,
  advice = 'Install it by hand, or start any Docker Engine and set DOCKER_HOST.',
): Promise<void> {
  const missing = programs.filter(
    (name) =>
      !['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/bin'].some((folder) =>
        existsSync(path.join(folder, name)),
      ),
  );
  if (missing.length === 0) return;
  say(`installing ${packages.join(', ')} (no ${missing.join(', ')} here)`);
  const apt = (purpose: string, args: string[]) =>
    run({
      file: 'apt-get',
      args: ['-o', 'DPkg::Lock::Timeout=240', '-q', ...args],
      purpose,
      advice,
      limitMs: INSTALL_LIMIT_MS,
      code: 'no-engine',
      // RUNLEVEL=1 keeps invoke-rc.d from starting a system-wide daemon: this engine is started by its user, not by the package.
      env: { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    });
  await apt('reading the package lists', ['update']);
  await apt(`installing ${packages.join(', ')}`, ['install', '-y', '--no-install-recommends', ...packages]);
}

/**
 * Makes sure that the private engine runs: installs what is missing, clears what a killed daemon left, starts dockerd in a session of its own
 * (it outlives the lab) and waits until it answers. Two labs may call this at the same time.
 */
export async function startPrivateEngine(
  say: (line: string) => void,
  folders = privateEngineFolders(),
): Promise<Endpoint> {
  const endpoint = privateEndpoint(folders);
  const room = SOCKET_PATH_LIMIT - LONGEST_SOCKET.length - 1;
  if (Buffer.byteLength(folders.run) > room) {
    throw new Problem(
      'no-engine',
      `The private Docker engine can't keep its sockets in ${folders.run}: Linux allows paths of ${SOCKET_PATH_LIMIT} bytes for a socket. ` +
        `Set MIDWRITE_ENGINE_RUN to a folder whose path has at most ${room} bytes.`,
    );
  }
  await using _ = await lock(`${folders.data}.lock`, INSTALL_LIMIT_MS + START_LIMIT_MS);
  if (await answers(endpoint)) return endpoint;
  await installPackages(['dockerd', 'containerd', 'runc', 'mmdebstrap'], PACKAGES, say);
  await clearLeftovers(folders);
  await mkdir(folders.data, { recursive: true });
  await mkdir(folders.run, { recursive: true });
  say('starting a private Docker engine');
  const log = openSync(logOf(folders), 'w');
  const daemon = spawn(
    'dockerd',
    [
      `--host=unix://${socketOf(folders)}`,
      `--data-root=${path.join(folders.data, 'docker')}`,
      `--exec-root=${path.join(folders.run, 'exec')}`,
      `--pidfile=${pidFileOf(folders)}`,
      // No container of the lab has a network, so the engine needs no bridge and touches no firewall rule of its host.
      '--bridge=none',
      '--iptables=false',
      '--ip-forward=false',
      '--ip-masq=false',
    ],
    {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` },
    },
  );
  let ended: string | undefined;
  daemon.on('error', (error) => {
    ended = error.message;
  });
  daemon.on('exit', (code, signal) => {
    ended = `it ended with ${signal ?? code}`;
  });
  daemon.unref();
  await until(
    { name: `dockerd to answer on ${endpoint.uri}`, limitMs: START_LIMIT_MS, code: 'no-engine', everyMs: 100 },
    async (note) => {
      if (ended !== undefined) {
        const tail = readFileSync(logOf(folders), 'utf8').trimEnd().split('\n').slice(-6).join('\n  ');
        throw new Problem(
          'no-engine',
          `the private Docker engine did not start: ${ended}. The end of ${logOf(folders)}:\n  ${tail}`,
        );
      }
      note(`the log is ${logOf(folders)}`);
      return (await answers(endpoint)) || undefined;
    },
  );
  return endpoint;
}

/** Stops the private engine and takes away its sockets and mounts; with `purge` its images too. Says what it did. */
export async function stopPrivateEngine(
  options: { purge: boolean },
  folders = privateEngineFolders(),
): Promise<'stopped' | 'was-not-running'> {
  await using _ = await lock(`${folders.data}.lock`, STOP_LIMIT_MS);
  const pid = await daemonPid(pidFileOf(folders), 'dockerd', folders);
  if (pid !== undefined) {
    process.kill(pid, 'SIGTERM');
    await until(
      { name: `dockerd (process ${pid}) to stop`, limitMs: STOP_LIMIT_MS },
      async () => !existsSync(`/proc/${pid}`) || undefined,
    );
  }
  await clearLeftovers(folders);
  await rm(folders.run, { recursive: true, force: true });
  if (options.purge) await rm(folders.data, { recursive: true, force: true });
  return pid === undefined ? 'was-not-running' : 'stopped';
}

/**
 * The id in a pid file, if that process is the program that the file is of and belongs to these folders: after a crash the id may be anyone's.
 */
async function daemonPid(file: string, program: string, folders: PrivateEngineFolders): Promise<number | undefined> {
  const pid = Number(await readFile(file, 'utf8').catch(() => ''));
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  const line = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
  return path.basename(line[0] ?? '') === program && line.some((part) => part.includes(folders.run)) ? pid : undefined;
}

/** What a daemon that was killed leaves: its containerd and shims, mounts under its folders, its sockets and pid files. */
async function clearLeftovers(folders: PrivateEngineFolders): Promise<void> {
  if ((await daemonPid(pidFileOf(folders), 'dockerd', folders)) !== undefined) return;
  const containerd = await daemonPid(path.join(folders.run, 'exec/containerd/containerd.pid'), 'containerd', folders);
  const orphans = [...(containerd === undefined ? [] : [containerd]), ...(await shimsUnder(folders.run))];
  for (const pid of orphans) kill(pid);
  if (orphans.length > 0) {
    await until({ name: "the killed engine's processes to go", limitMs: STOP_LIMIT_MS }, async (note) => {
      const left = orphans.filter((pid) => existsSync(`/proc/${pid}/exe`));
      note(`still there: ${left.join(', ')}`);
      return left.length === 0 || undefined;
    });
  }
  for (const mount of mountsUnder([folders.run, folders.data])) {
    await run({
      file: 'umount',
      args: ['--lazy', mount],
      purpose: 'taking away a mount of the killed engine',
      limitMs: 10_000,
    });
  }
  await rm(folders.run, { recursive: true, force: true });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (errorCode(error) !== 'ESRCH')
      throw new Problem('engine-failed', `process ${pid} of the killed engine can't be ended: ${describe(error)}`);
  }
}

/** Shims of containerd, and the containers under them, whose address is in `folder`. */
async function shimsUnder(folder: string): Promise<number[]> {
  const { readdir } = await import('node:fs/promises');
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const facts = await Promise.all(
    all.map(async (pid) => ({
      pid,
      line: await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
      parent: Number(/^PPid:\s+(\d+)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))?.[1] ?? 0),
    })),
  );
  const shims = facts
    .filter(({ line }) => line.includes('containerd-shim') && line.includes(folder))
    .map(({ pid }) => pid);
  const found = new Set(shims);
  for (let grew = true; grew; ) {
    const before = found.size;
    for (const { pid, parent } of facts) if (found.has(parent)) found.add(pid);
    grew = found.size > before;
  }
  return [...found];
}

function mountsUnder(folders: readonly string[]): string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => (line.split(' ')[1] ?? '').replaceAll('\\040', ' '))
    .filter((mount) => folders.some((folder) => mount.startsWith(`${folder}/`)))
    .sort((a, b) => b.length - a.length);
}

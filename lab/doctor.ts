import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { candidates, surroundings } from './engine/endpoint.ts';
import { type Engine, findEngine, open } from './engine/engine.ts';
import { answers, whyNoPrivateEngine } from './engine/private-engine.ts';
import { base } from './image/base.ts';
import { exists, platformOf } from './image/build.ts';
import { tagOf } from './image/recipe.ts';
import { accelerator, EMULATED_COST, kvmFacts } from './machine/accelerator.ts';
import { connectTo } from './machine/connect.ts';
import { whyNoMachine } from './machine/machine.ts';
import type { Place } from './machine/place.ts';
import { machineKind } from './machine-kind.ts';
import { describe } from './problem.ts';

/** One line of what doctor found. `lack`: what it means for the lab that it is so. */
export interface Diagnosis {
  name: string;
  state: 'ok' | 'note' | 'lack';
  found: string;
  means?: string;
}

const GIB = 1024 ** 3;
/** Images and one run, on the engine's disk and on the host's. */
const DISK_NEEDED = 6 * GIB;
/** seccomp user notification with a continued call (seccomp_unotify(2)) is there since 5.5. */
const KERNEL_NEEDED = [5, 5] as const;
/** SECCOMP_USER_NOTIF_FLAG_CONTINUE works behind Docker's default profile since the engine that allows `seccomp` to all: 20.10 was tried. */
const ENGINE_NEEDED = 20;

/** @param options `on`: whose engine is looked at; a machine is brought up where none is */
export async function diagnose(options: { askRegistry: boolean; on?: Place }): Promise<Diagnosis[]> {
  const rows: Diagnosis[] = [nodeRow()];
  let engine: Engine | undefined;
  try {
    engine = await engineOn(options.on);
    rows.push(await engineRow(engine));
  } catch (error) {
    rows.push({ name: 'engine', state: 'lack', found: describe(error), means: 'no cell can run' });
  }
  if (engine !== undefined) {
    rows.push(
      versionRow(engine),
      cgroupRow(engine),
      kernelRow(engine.facts.kernel),
      notificationRow(engine),
      securityRow(engine),
      await registryRow(engine, options.askRegistry),
    );
  }
  rows.push(await diskRow('disk of this machine', tmpdir()), machineRow());
  return rows;
}

async function engineOn(on: Place | undefined): Promise<Engine | undefined> {
  if (on === 'machine') return connectTo(on, undefined, { say: (line) => console.error(`machine: ${line}`) });
  const endpoint = await findEngine();
  return endpoint === undefined ? undefined : open(endpoint);
}

function nodeRow(): Diagnosis {
  return { name: 'node', state: 'ok', found: process.version };
}

async function engineRow(engine: Engine | undefined): Promise<Diagnosis> {
  if (engine !== undefined)
    return { name: 'engine', state: 'ok', found: `${engine.endpoint.uri} (${engine.endpoint.from})` };
  const looked = await Promise.all(
    candidates(surroundings()).map(async (one) => `${one.uri}: ${(await answers(one)) ? 'answers' : 'no answer'}`),
  );
  const why = whyNoPrivateEngine();
  return {
    name: 'engine',
    state: why === undefined ? 'note' : 'lack',
    found: `none (${looked.join(', ')})`,
    means:
      why === undefined
        ? '`midwrite run` and `midwrite engine up` install and start a private one here'
        : `no cell can run: ${why}`,
  };
}

function versionRow({ facts }: Engine): Diagnosis {
  const found = `${facts.product} ${facts.version}, ${facts.storageDriver}, ${facts.cpus} processors, ${(facts.memoryBytes / GIB).toFixed(1)} GiB, ${facts.cpu}${facts.rootless ? ', rootless' : ''}`;
  if (facts.product === 'Podman')
    return {
      name: 'version',
      state: 'note',
      found,
      means: 'Podman does not report which signal it sent: cells of sigterm, stop and heap-limit are missed',
    };
  const old = Number.parseInt(facts.version, 10) < ENGINE_NEEDED;
  return old
    ? { name: 'version', state: 'lack', found, means: 'older than 20.10, the oldest that was tried' }
    : { name: 'version', state: 'ok', found };
}

function cgroupRow({ facts }: Engine): Diagnosis {
  const means =
    facts.rootless && facts.cgroupVersion === 1
      ? 'rootless Docker with cgroup v1 has no memory limits: cells that reach one are missed'
      : undefined;
  return {
    name: 'cgroup',
    state: means === undefined ? 'ok' : 'lack',
    found: `v${facts.cgroupVersion}`,
    ...(means === undefined ? {} : { means }),
  };
}

/** @param kernel its release, as uname(1) says it */
export function kernelRow(kernel: string): Diagnosis {
  const [major = 0, minor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
  const old = major < KERNEL_NEEDED[0] || (major === KERNEL_NEEDED[0] && minor < KERNEL_NEEDED[1]);
  if (old)
    return {
      name: 'kernel',
      state: 'lack',
      found: kernel,
      means: "older than 5.5: writegate can't let a held call go on, and refuses to start",
    };
  // No engine says how large its pages are; Debian's and Ubuntu's arm64 kernels have it in their name where they are not the usual ones.
  const pages = /\b(?:16|64)k\b/.exec(kernel)?.[0];
  if (pages !== undefined)
    return {
      name: 'kernel',
      state: 'note',
      found: kernel,
      means: `by its name, pages of ${pages}: where writes are torn, and what disk-full leaves, goes by pages of 4k; not tried by the project`,
    };
  return { name: 'kernel', state: 'ok', found: kernel };
}

function notificationRow({ facts }: Engine): Diagnosis {
  return facts.seccomp
    ? {
        name: 'user notification',
        state: 'ok',
        found: 'seccomp is on; each boot of writegate proves that it works, or refuses',
      }
    : {
        name: 'user notification',
        state: 'note',
        found: 'the engine reports no seccomp',
        means: "writegate proves at each boot whether it can work, and refuses if it can't",
      };
}

function securityRow({ facts }: Engine): Diagnosis {
  if (facts.rootless)
    return { name: 'user namespaces', state: 'ok', found: "the engine's own, as rootless engines have it" };
  return facts.userns
    ? { name: 'user namespaces', state: 'note', found: 'remapped', means: 'not tried by the project' }
    : { name: 'user namespaces', state: 'ok', found: 'not remapped' };
}

async function registryRow(engine: Engine, ask: boolean): Promise<Diagnosis> {
  const name = 'registry';
  if (await exists(engine.docker, tagOf(base, platformOf(engine))))
    return { name, state: 'ok', found: 'not needed: the base image is there' };
  const own = engine.isPrivate ? 'a private engine' : engine.machine && "a machine of the lab's own";
  if (own !== undefined && !ask) {
    return {
      name,
      state: 'note',
      found: `not asked: ${own} gets its base image from Debian's packages (--ask-registry asks)`,
    };
  }
  try {
    await new Promise((resolve, reject) => {
      engine.docker.modem.dial(
        { path: '/distribution/buildpack-deps:bookworm/json', method: 'GET', statusCodes: { 200: true } },
        (error: unknown, answer: unknown) => (error === null || error === undefined ? resolve(answer) : reject(error)),
      );
    });
    return { name, state: 'ok', found: 'answers' };
  } catch (error) {
    return {
      name,
      state: 'note',
      found: `no answer: ${describe(error)}`,
      means: "the base image is made from Debian's packages (Debian or Ubuntu as root), else none can be made",
    };
  }
}

/** Whether a machine of the lab's own can be made here; nothing but what cuts a power needs one. */
function machineRow(): Diagnosis {
  const name = 'virtual machine';
  const why = whyNoMachine();
  if (why !== undefined)
    return { name, state: 'note', found: `none can be made: ${why}`, means: '--on machine and power cuts are refused' };
  const how = accelerator(kvmFacts(), machineKind({}).cpu);
  return how.kind === 'kvm'
    ? { name, state: 'ok', found: 'KVM' }
    : { name, state: 'note', found: `emulated: ${how.why}`, means: EMULATED_COST };
}

async function diskRow(name: string, folder: string): Promise<Diagnosis> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const found = `${(free / GIB).toFixed(1)} GiB free in ${folder}`;
  return free < DISK_NEEDED
    ? { name, state: 'lack', found, means: 'the images and a run of OpenClaw need 6 GiB' }
    : { name, state: 'ok', found };
}

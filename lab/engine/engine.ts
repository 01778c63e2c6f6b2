import Docker from 'dockerode';
import { describe, Problem } from '../problem.ts';
import { candidates, dockerOptions, type Endpoint, surroundings } from './endpoint.ts';
import type { Machine } from './machine.ts';
import { answers, privateEndpoint, startPrivateEngine, whyNoPrivateEngine } from './private-engine.ts';
import { reachable } from './ssh-tunnel.ts';

/** An engine that answered, and what the lab needs to know of it. */
export interface Engine {
  docker: Docker;
  endpoint: Endpoint;
  /** Started by the lab, without a network and without a registry. */
  isPrivate: boolean;
  /** The machine that it runs in, where that is the lab's own. */
  machine?: Machine;
  /** How many times as long everything takes there as on its host. Absent: once. */
  slowness?: number;
  facts: EngineFacts;
}

export interface EngineFacts {
  /** Whose it is: several speak Docker's API. */
  product: 'Docker Engine' | 'Podman';
  version: string;
  operatingSystem: string;
  kernel: string;
  cgroupVersion: 1 | 2;
  storageDriver: string;
  /** As npm names it. */
  cpu: 'x64' | 'arm64';
  cpus: number;
  memoryBytes: number;
  rootless: boolean;
  userns: boolean;
  seccomp: boolean;
}

/** Finds an engine that answers, without starting one. */
export async function findEngine(): Promise<Endpoint | undefined> {
  for (const endpoint of candidates(surroundings())) {
    // Where ssh does not get there, it says more than that nobody answers.
    if (endpoint.explicit) await reachable(endpoint);
    if (await answers(endpoint)) return endpoint;
    if (endpoint.explicit) {
      throw new Problem(
        'no-engine',
        `${endpoint.from} names the engine at ${endpoint.uri}, and it does not answer. Start it, or name another one (unset DOCKER_HOST, \`docker context use default\`).`,
      );
    }
  }
  const own = privateEndpoint();
  return (await answers(own)) ? own : undefined;
}

/** The engine of this machine; a private one is started where there is none and one can be. */
export async function connect(say: (line: string) => void): Promise<Engine> {
  const endpoint = (await findEngine()) ?? (await startOwn(say));
  return open(endpoint);
}

async function startOwn(say: (line: string) => void): Promise<Endpoint> {
  const why = whyNoPrivateEngine();
  if (why !== undefined) {
    throw new Problem(
      'no-engine',
      `no Docker engine answers on this machine: ${why}. \`npx midwrite doctor\` shows where it was looked for.`,
    );
  }
  return startPrivateEngine(say);
}

/** Connects to an engine that is known to answer, and points Testcontainers at the same one. */
export async function open(endpoint: Endpoint): Promise<Engine> {
  const reached = await reachable(endpoint);
  const docker = new Docker(dockerOptions(reached));
  const [info, version] = await Promise.all([docker.info(), docker.version()]).catch((error: unknown) => {
    throw new Problem('engine-lost', `the engine at ${endpoint.uri} stopped answering: ${describe(error)}`, {
      cause: error,
    });
  });
  pointTestcontainersAt(reached);
  return { docker, endpoint, isPrivate: endpoint.uri === privateEndpoint().uri, facts: factsOf(info, version) };
}

/**
 * @param info of GET /info
 * @param version of GET /version: its components say whose it is
 */
export function factsOf(info: Record<string, unknown>, version: { Components?: { Name: string }[] } = {}): EngineFacts {
  const text = (name: string) => (typeof info[name] === 'string' ? info[name] : '');
  const security = Array.isArray(info.SecurityOptions) ? info.SecurityOptions.map(String) : [];
  const architecture = text('Architecture');
  if (text('OSType') === 'windows') {
    throw new Problem('no-engine', 'The engine runs Windows containers; switch Docker Desktop to Linux containers.');
  }
  if (!['x86_64', 'amd64', 'aarch64', 'arm64'].includes(architecture)) {
    throw new Problem('no-engine', `the engine's processor is ${architecture}; the lab builds for x86_64 and aarch64.`);
  }
  const isPodman = (version.Components ?? []).some(({ Name }) => Name.startsWith('Podman'));
  return {
    product: isPodman ? 'Podman' : 'Docker Engine',
    version: text('ServerVersion'),
    operatingSystem: text('OperatingSystem'),
    kernel: text('KernelVersion'),
    // Engines before 20.10 do not say, and know only version 1.
    cgroupVersion: text('CgroupVersion') === '2' ? 2 : 1,
    storageDriver: text('Driver'),
    cpu: architecture === 'x86_64' || architecture === 'amd64' ? 'x64' : 'arm64',
    cpus: Number(info.NCPU ?? 0),
    memoryBytes: Number(info.MemTotal ?? 0),
    rootless: security.some((option) => option.includes('rootless')),
    userns: security.some((option) => option.includes('userns')),
    seccomp: security.some((option) => option.includes('seccomp')),
  };
}

/**
 * Testcontainers reads its engine from the environment. Its own reaper, Ryuk, is off: it mounts the engine's socket into a container, which
 * this lab never does, and the lab's reaper does its work. The host override keeps it from starting a container to find its own address.
 */
function pointTestcontainersAt(endpoint: Endpoint): void {
  process.env.DOCKER_HOST = endpoint.uri;
  if (endpoint.certPath !== undefined) {
    process.env.DOCKER_TLS_VERIFY = '1';
    process.env.DOCKER_CERT_PATH = endpoint.certPath;
  }
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
  process.env.TESTCONTAINERS_HOST_OVERRIDE ??= '127.0.0.1';
}

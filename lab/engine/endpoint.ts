import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import type { DockerOptions } from 'dockerode';
import { Problem } from '../problem.ts';

/** Where an engine is, and who said so. */
export interface Endpoint {
  /** As DOCKER_HOST would name it: unix:///…, tcp://…, ssh://…, npipe:////./pipe/… */
  uri: string;
  /** Where the lab has it from, for doctor and for messages. */
  from: string;
  /** A person named this one: if it does not answer, that is an error and no reason to look further. */
  explicit: boolean;
  /** A folder with ca.pem, cert.pem and key.pem, for TLS. */
  certPath?: string;
  /** Of ssh://: what ssh(1) is told beside where to go. Absent: what its user's own configuration says. */
  sshArgs?: readonly string[];
}

/** What decides where the engine is; a parameter so that it can be tested on recorded machines. */
export interface Surroundings {
  env: Record<string, string | undefined>;
  home: string;
  platform: NodeJS.Platform;
  uid: number | undefined;
}

export function surroundings(): Surroundings {
  return { env: process.env, home: homedir(), platform: process.platform, uid: process.getuid?.() };
}

/**
 * The engines that this machine may have, in the order in which the docker client looks: DOCKER_HOST, the context that DOCKER_CONTEXT or
 * `docker context use` chose, then the sockets of Docker Engine, Docker Desktop and rootless Docker.
 * Source: https://docs.docker.com/engine/manage-resources/contexts/ and https://docs.docker.com/engine/security/rootless/.
 */
export function candidates(where: Surroundings): Endpoint[] {
  const host = where.env.DOCKER_HOST;
  if (host !== undefined && host !== '') {
    const certPath = where.env.DOCKER_TLS_VERIFY
      ? (where.env.DOCKER_CERT_PATH ?? path.join(where.home, '.docker'))
      : undefined;
    return [{ uri: host, from: 'DOCKER_HOST', explicit: true, ...(certPath === undefined ? {} : { certPath }) }];
  }
  const context = contextEndpoint(where);
  if (context !== undefined) return [context];
  if (where.platform === 'win32') {
    return [
      { uri: 'npipe:////./pipe/docker_engine', from: 'the default named pipe', explicit: false },
      { uri: 'npipe:////./pipe/dockerDesktopLinuxEngine', from: "Docker Desktop's named pipe", explicit: false },
    ];
  }
  const sockets: [string, string][] = [
    ['/var/run/docker.sock', 'the default socket'],
    [path.join(where.home, '.docker/run/docker.sock'), "Docker Desktop's socket"],
    [path.join(where.home, '.docker/desktop/docker.sock'), "Docker Desktop's socket"],
  ];
  const runtime = where.env.XDG_RUNTIME_DIR ?? (where.uid === undefined ? undefined : `/run/user/${where.uid}`);
  if (runtime !== undefined) sockets.push([path.join(runtime, 'docker.sock'), "rootless Docker's socket"]);
  return sockets.map(([socket, from]) => ({ uri: `unix://${socket}`, from, explicit: false }));
}

function contextEndpoint(where: Surroundings): Endpoint | undefined {
  const folder = where.env.DOCKER_CONFIG ?? path.join(where.home, '.docker');
  const name = where.env.DOCKER_CONTEXT || readJson(path.join(folder, 'config.json'))?.currentContext;
  if (typeof name !== 'string' || name === '' || name === 'default') return undefined;
  // The docker client keeps a context in a folder named by the SHA-256 of its name (docker/cli, cli/context/store).
  const id = createHash('sha256').update(name).digest('hex');
  const meta = readJson(path.join(folder, 'contexts/meta', id, 'meta.json'));
  const uri = (meta?.Endpoints as { docker?: { Host?: unknown } } | undefined)?.docker?.Host;
  if (typeof uri !== 'string') {
    throw new Problem(
      'no-engine',
      `the docker context "${name}" is chosen, and ${folder} has no endpoint for it. Choose another one with \`docker context use\`, or set DOCKER_HOST.`,
    );
  }
  const tls = path.join(folder, 'contexts/tls', id, 'docker');
  return { uri, from: `the docker context "${name}"`, explicit: true, ...(existsSync(tls) ? { certPath: tls } : {}) };
}

function readJson(file: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** The options of dockerode for an endpoint; one of ssh:// is `reachable` (ssh-tunnel.ts) before. */
export function dockerOptions(endpoint: Endpoint): DockerOptions {
  const url = new URL(endpoint.uri);
  switch (url.protocol) {
    case 'unix:':
      return { socketPath: url.pathname };
    case 'npipe:':
      return { socketPath: endpoint.uri.slice('npipe://'.length).replaceAll('/', '\\') };
    case 'tcp:':
    case 'http:':
    case 'https:': {
      const tls = endpoint.certPath;
      const pem = (name: string) => (tls === undefined ? undefined : readFileSync(path.join(tls, name)));
      return {
        host: url.hostname,
        port: Number(url.port || (tls ? 2376 : 2375)),
        protocol: tls || url.protocol === 'https:' ? 'https' : 'http',
        ...(tls === undefined ? {} : { ca: pem('ca.pem'), cert: pem('cert.pem'), key: pem('key.pem') }),
      } as DockerOptions;
    }
    default:
      throw new Problem(
        'no-engine',
        `${endpoint.from} names ${endpoint.uri}, and the lab speaks unix, npipe, tcp and ssh.`,
      );
  }
}

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { type Scratch, scratch } from '../owner/scratch.ts';
import { describe, Problem } from '../problem.ts';
import { within } from '../wait.ts';
import type { Endpoint } from './endpoint.ts';

const OPEN_LIMIT_MS = 60_000;
const DOCKER_SOCKET = '/var/run/docker.sock';
const LAST_BYTES = 1_000;

interface Tunnel {
  /** The engine's socket, on this host. */
  readonly socket: string;
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
}

const tunnels = new Map<string, Promise<Tunnel>>();
let folder: Promise<Scratch> | undefined;

/**
 * An endpoint that this host can connect to: one of ssh:// is forwarded to a socket here by ssh(1), with its user's keys, agent and configuration. The path
 * of the address is the socket's there (docker(1) has it so too). The tunnel ends with the lab, however that ends: its far end waits for a line of ours.
 * @throws Problem no-engine: ssh did not get there
 */
export async function reachable(endpoint: Endpoint): Promise<Endpoint> {
  if (!endpoint.uri.startsWith('ssh://')) return endpoint;
  const known = await tunnels.get(endpoint.uri)?.catch(() => undefined);
  let tunnel = known;
  if (known === undefined || known.child.exitCode !== null || known.child.signalCode !== null) {
    const opening = open(endpoint, socketOf(endpoint.uri));
    tunnels.set(endpoint.uri, opening);
    tunnel = await opening;
  }
  return { uri: `unix://${tunnel?.socket}`, from: endpoint.from, explicit: endpoint.explicit };
}

async function open(endpoint: Endpoint, number: number): Promise<Tunnel> {
  folder ??= ownFolder();
  const socket = `${(await folder).path}/${number}`;
  const args = sshCommand(endpoint, socket);
  const child = spawn('ssh', args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-LAST_BYTES);
  });
  // Its end is seen where the engine is asked next.
  child.stdin.on('error', () => undefined);
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  failed.catch(() => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = once(child, 'close');
  ended.catch(() => undefined);
  child.stdin.write('open\n');
  try {
    const wait = { name: `ssh to reach ${endpoint.uri}`, limitMs: OPEN_LIMIT_MS, code: 'no-engine' } as const;
    const { value } = await within(wait, Promise.race([lines.next(), failed]));
    if (value !== 'open') {
      // What it said of it comes with its end.
      await within(wait, ended);
      throw new Error(said.trim().replace(/\.$/, '') || 'ssh ended and said nothing');
    }
  } catch (error) {
    child.kill();
    throw new Problem(
      'no-engine',
      `${endpoint.from} names the engine at ${endpoint.uri}, and ssh does not get there: ${describe(error)}. Try \`ssh ${target(endpoint.uri).join(' ')} true\`: it must need no password.`,
      { cause: error },
    );
  }
  // The lab does not go on for its sake.
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as { unref?: () => void }).unref?.();
  return { socket, child };
}

/** A tunnel that is opened again has the socket that it had: who talks to the engine goes on with that. */
const socketOf = (uri: string): number => [...new Set([...tunnels.keys(), uri])].indexOf(uri);

/** Of one that is killed the next lab takes it away. */
async function ownFolder(): Promise<Scratch> {
  const made = await scratch('ssh');
  process.once('exit', () => rmSync(made.path, { recursive: true, force: true }));
  return made;
}

/** The whole command line: it forwards the socket, and repeats what it is told until nobody tells it anything more. */
export function sshCommand({ uri, sshArgs = [] }: Endpoint, socket: string): string[] {
  const url = new URL(uri);
  const there = url.pathname === '' || url.pathname === '/' ? DOCKER_SOCKET : url.pathname;
  return [
    ...sshArgs,
    ...['-T', '-o', 'BatchMode=yes', '-o', 'ControlPath=none', '-o', 'ServerAliveInterval=15'],
    ...['-o', 'ExitOnForwardFailure=yes', '-o', 'StreamLocalBindUnlink=yes', '-L', `${socket}:${there}`],
    ...target(uri),
    'cat',
  ];
}

function target(uri: string): string[] {
  const { port, username, hostname } = new URL(uri);
  const user = username === '' ? '' : `${decodeURIComponent(username)}@`;
  return [...(port === '' ? [] : ['-p', port]), '--', `${user}${hostname}`];
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../gateway/main.ts', import.meta.url));
const EVENT_LIMIT_MS = 10_000;

// biome-ignore lint/suspicious/noExplicitAny: log lines and answers are JSON whose form is what the tests are about
export type Json = Record<string, any>;

export interface GatewayOptions {
  readonly stateDir: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Runs as this user and group; only root may ask for that. */
  readonly uid?: number;
}

/** Runs a command of the gateway's program to its end. */
export async function runCommand(options: GatewayOptions): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawnMain(options);
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (part: Buffer) => {
      output[name] += part.toString();
    });
  }
  const [code] = await once(child, 'close');
  return { code, ...output };
}

function spawnMain({ stateDir, env, args = [], uid }: GatewayOptions): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], {
    env: { PORT: '0', STATE_DIR: stateDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid !== undefined && { uid, gid: uid }),
  });
}

/** The real gateway as a child process. */
export class RunningGateway implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly log: Json[] = [];
  stderr = '';
  port = 0;
  readonly #watchers = new Set<() => void>();

  private constructor(options: GatewayOptions) {
    this.child = spawnMain(options);
    this.child.stderr?.on('data', (part: Buffer) => {
      this.stderr += part.toString();
    });
    if (this.child.stdout) {
      createInterface(this.child.stdout).on('line', (line) => {
        this.log.push(JSON.parse(line) as Json);
        for (const watcher of this.#watchers) watcher();
      });
    }
  }

  /** Starts it without waiting for anything. */
  static spawn(options: GatewayOptions): RunningGateway {
    return new RunningGateway(options);
  }

  /** Starts it and waits until it says that it is ready. */
  static async ready(options: GatewayOptions): Promise<RunningGateway> {
    const gateway = new RunningGateway(options);
    gateway.port = (await gateway.event('listening')).port;
    await gateway.event('ready');
    return gateway;
  }

  /** The first log line of this event, however long ago, that also fits. */
  event(name: string, fits: (line: Json) => boolean = () => true): Promise<Json> {
    const { promise, resolve, reject } = Promise.withResolvers<Json>();
    const look = () => {
      const line = this.log.find((candidate) => candidate.event === name && fits(candidate));
      if (line === undefined) return;
      clearTimeout(timer);
      this.#watchers.delete(look);
      resolve(line);
    };
    const timer = setTimeout(() => {
      this.#watchers.delete(look);
      reject(new Error(`no log line ${name} in ${EVENT_LIMIT_MS} ms; stderr: ${this.stderr}`));
    }, EVENT_LIMIT_MS);
    this.#watchers.add(look);
    look();
    return promise;
  }

  /** The names and reasons of what the sweep spared so far, once each. */
  get spared(): Record<string, string> {
    return Object.fromEntries(this.log.filter((l) => l.event === 'sweep-spared').map((l) => [l.name, l.reason]));
  }

  /** The texts of a session's users, oldest first. */
  async users(key: string): Promise<string[]> {
    const { body } = await this.get(`/v1/sessions/${encodeURIComponent(key)}/history?limit=1000`);
    return body.turns.map((turn: Json) => turn.user);
  }

  async health(): Promise<Json> {
    return (await this.get('/healthz')).body;
  }

  async get(path: string): Promise<{ status: number; body: Json }> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`);
    return { status: response.status, body: (await response.json()) as Json };
  }

  turn(key: string, text: string): Promise<{ status: number; body: Json }> {
    return this.post(JSON.stringify({ messages: [{ role: 'user', content: text }] }), { 'x-session-key': key });
  }

  async post(body: string, headers: Record<string, string>): Promise<{ status: number; body: Json }> {
    const url = `http://127.0.0.1:${this.port}/v1/chat/completions`;
    const response = await fetch(url, { method: 'POST', body, headers: { connection: 'close', ...headers } });
    return { status: response.status, body: (await response.json()) as Json };
  }

  /** Sends a signal and gives what it exited with. */
  async kill(signal: NodeJS.Signals): Promise<{ code: number | null; signal: string | null }> {
    this.child.kill(signal);
    return this.exited();
  }

  async exited(): Promise<{ code: number | null; signal: string | null }> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close');
    return { code: this.child.exitCode, signal: this.child.signalCode };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill('SIGKILL');
  }
}

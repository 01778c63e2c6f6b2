import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { describe, Problem } from '../problem.ts';
import { within } from '../wait.ts';

const LIMIT_MS = 60_000;

/** What runs in one: its program in bash, and what a person is told of it. */
export interface MountNamespaceSpec {
  /** Says `ready` first; then answers a line with a line, and ends with its input. */
  program: string;
  args?: readonly string[];
  /** It has a network of its own too. */
  ownNetwork?: boolean;
  /** As in "NAME ended". */
  name: string;
  /** As in "CAN'T (as root, …)". */
  cannot: string;
}

/** A program in a mount namespace of its own (unshare(1)), asked line by line. The kernel takes its mounts away with it, however it ends. */
export class MountNamespace implements AsyncDisposable {
  readonly #name: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;

  private constructor(name: string, child: ChildProcessByStdio<Writable, Readable, Readable>) {
    this.#name = name;
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** @throws Problem no-machine: what it needs is not here */
  static async start({
    program,
    args = [],
    ownNetwork = false,
    name,
    cannot,
  }: MountNamespaceSpec): Promise<MountNamespace> {
    const namespaces = ['--mount', ...(ownNetwork ? ['--net'] : []), '--propagation', 'private'];
    const child = spawn('unshare', [...namespaces, 'bash', '-c', program, 'midwrite', ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` },
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = `${said}${chunk}`.slice(-2_000);
    });
    const ended = once(child, 'close');
    ended.catch(() => undefined);
    const failed = new Promise<never>((_, reject) => child.once('error', reject));
    failed.catch(() => undefined);
    const started = new MountNamespace(name, child);
    const first = Promise.race([started.#lines.next(), failed]).catch((error: unknown) => ({ value: describe(error) }));
    const { value } = await within({ name: `${name} to be ready`, limitMs: LIMIT_MS }, first);
    if (value === 'ready') return started;
    child.kill('SIGKILL');
    // What it said of it comes with its end.
    if (child.pid !== undefined) await within({ name: `${name} to end`, limitMs: LIMIT_MS }, ended);
    throw new Problem('no-machine', `${cannot}: ${said.trim() || value || 'unshare(1) ended'}`);
  }

  /** Whose mounts a program must have to see what is mounted. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Where this host finds a path of its. */
  path(inside: string): string {
    return `/proc/${this.pid}/root${inside}`;
  }

  /** @returns its answer */
  async ask(line: string): Promise<string> {
    this.#child.stdin.write(`${line}\n`);
    const { value, done } = await within({ name: `${this.#name} to ${line}`, limitMs: LIMIT_MS }, this.#lines.next());
    if (done === true) throw new Problem('no-machine', `${this.#name} ended in the middle of "${line}"`);
    return String(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.stdin.end();
    await within({ name: `${this.#name} to end`, limitMs: LIMIT_MS }, ended);
  }
}

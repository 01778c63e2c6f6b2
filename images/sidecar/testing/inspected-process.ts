import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { expect } from 'vitest';

/** Does what it is told to on its stdin, and says so. */
const LISTEN = `
  require('node:readline').createInterface(process.stdin).on('line', (deed) => {
    deeds[deed]();
    console.log('did ' + deed);
  });
  console.log('up');
`;

/** A real Node process with an inspector. */
export class InspectedProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #output: AsyncIterator<string>;
  readonly #errors: AsyncIterator<string>;

  /** @param program defines `deeds`, functions by name */
  constructor(option: string, program: string) {
    const child = spawn(process.execPath, [option, '-e', program + LISTEN], { env: {}, stdio: 'pipe' });
    this.#child = child;
    this.#output = linesOf(child.stdout);
    this.#errors = linesOf(child.stderr);
  }

  async port(): Promise<number> {
    return Number(await this.#hear(this.#errors, /^Debugger listening on ws:\/\/127\.0\.0\.1:(\d+)\//));
  }

  async up(): Promise<void> {
    await this.#hear(this.#output, /^(up)$/);
  }

  async does(deed: string): Promise<void> {
    this.#child.stdin?.write(`${deed}\n`);
    await this.#hear(this.#output, new RegExp(`^(did ${deed})$`));
  }

  signal(name: 'SIGUSR1'): void {
    this.#child.kill(name);
  }

  /** Stops it, and waits until every thread of it stands still: the inspector has one of its own. */
  async freeze(): Promise<void> {
    const tasks = `/proc/${this.#child.pid}/task`;
    this.#child.kill('SIGSTOP');
    const isStopped = (tid: string) => /\) T /.test(readFileSync(`${tasks}/${tid}/stat`, 'utf8'));
    await expect.poll(() => readdirSync(tasks).every(isStopped)).toBe(true);
  }

  async #hear(lines: AsyncIterator<string>, pattern: RegExp): Promise<string | undefined> {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`the process ended before it said ${pattern}`);
      const match = pattern.exec(value);
      if (match) return match[1];
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}

function linesOf(stream: Readable): AsyncIterator<string> {
  return createInterface(stream)[Symbol.asyncIterator]();
}

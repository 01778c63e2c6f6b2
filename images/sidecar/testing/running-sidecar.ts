import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const REPLY_LIMIT_MS = 25_000;

// biome-ignore lint/suspicious/noExplicitAny: replies are JSON whose form is what the tests are about
export type Reply = Record<string, any>;

/** The real sidecar as a child process. */
export class RunningSidecar implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly #waiting = new Map<unknown, (reply: Reply) => void>();
  #lastId = 0;

  private constructor(child: ChildProcess) {
    this.child = child;
  }

  /** Starts it with a provider on any free port, which `start.port` tells. */
  static async start(): Promise<{ sidecar: RunningSidecar; start: Reply }> {
    const child = spawn(process.execPath, [MAIN], {
      env: { PROVIDER_PORT: '0' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const sidecar = new RunningSidecar(child);
    const start = sidecar.reply('start');
    if (child.stdout) createInterface(child.stdout).on('line', (line) => sidecar.#hear(JSON.parse(line) as Reply));
    return { sidecar, start: await start };
  }

  /** Sends a command and gives the reply to it. */
  ask(cmd: string, fields: Reply = {}): Promise<Reply> {
    return this.send(cmd, fields).reply;
  }

  /** Sends a command and gives its id too, so that it can be cancelled. */
  send(cmd: string, fields: Reply = {}): { id: number; reply: Promise<Reply> } {
    this.#lastId += 1;
    const id = this.#lastId;
    const reply = this.reply(id);
    this.write(`${JSON.stringify({ id, cmd, ...fields })}\n`);
    return { id, reply };
  }

  write(text: string): void {
    this.child.stdin?.write(text);
  }

  /** The reply to this id, which may be null. */
  reply(id: unknown): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    const timer = setTimeout(() => reject(new Error(`no reply to ${id} in ${REPLY_LIMIT_MS} ms`)), REPLY_LIMIT_MS);
    this.#waiting.set(id, (reply) => {
      clearTimeout(timer);
      resolve(reply);
    });
    return promise;
  }

  #hear(line: Reply): void {
    const id = line.event ?? line.id;
    this.#waiting.get(id)?.(line);
    this.#waiting.delete(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}

import { exchangeOnStream, type StreamExchange, textOf } from './stream-exchange.ts';

/** A command line for the runner in the system's container (images/writegate/README.md, "runner"). */
export interface CommandCall {
  readonly port: number;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string | undefined;
  readonly stdin?: string | undefined;
}

/** How a command ended; none of the ends: the connection broke before it did. */
export interface CommandEnd {
  stdout: string;
  stderr: string;
  exitCode?: number;
  signal?: number;
  /** Processes that it left behind. */
  left?: number;
  droppedBytes: number;
  /** Why it was not started: what the runner or the kernel says. */
  notStarted?: string;
}

export function requestOf({ argv, env, cwd, stdin }: CommandCall): Buffer {
  const fields = [
    ...argv.map((argument) => `A${argument}\0`),
    ...Object.entries(env).map(([name, value]) => `E${name}=${value}\0`),
    ...(cwd === undefined ? [] : [`C${cwd}\0`]),
    ...(stdin === undefined ? [] : [`I${stdin}`]),
  ].join('');
  return Buffer.concat([Buffer.from(`${Buffer.byteLength(fields)}\n`), Buffer.from(fields)]);
}

/** Reads the runner's frames as they come, in pieces of any size. */
export class FrameReader {
  readonly #out: Buffer[] = [];
  readonly #err: Buffer[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #end: Partial<CommandEnd> = {};
  #droppedBytes = 0;

  /** True: the last frame has come. */
  read(piece: Buffer): boolean {
    this.#rest = Buffer.concat([this.#rest, piece]);
    for (;;) {
      const newline = this.#rest.indexOf(10);
      if (newline === -1) return false;
      const line = this.#rest.toString('utf8', 0, newline);
      const stream = /^(out|err) (\d+)$/.exec(line);
      if (stream !== null) {
        const end = newline + 1 + Number(stream[2]);
        if (this.#rest.length < end) return false;
        (stream[1] === 'out' ? this.#out : this.#err).push(this.#rest.subarray(newline + 1, end));
        this.#rest = this.#rest.subarray(end);
        continue;
      }
      this.#rest = this.#rest.subarray(newline + 1);
      const dropped = /^dropped (\d+)$/.exec(line);
      if (dropped !== null) {
        this.#droppedBytes = Number(dropped[1]);
        continue;
      }
      const exit = /^exit (code|signal) (\d+) left (\d+)$/.exec(line);
      if (exit === null) this.#end = { notStarted: line.replace(/^(failed|refused) /, '') };
      else {
        const how = exit[1] === 'code' ? { exitCode: Number(exit[2]) } : { signal: Number(exit[2]) };
        this.#end = { ...how, left: Number(exit[3]) };
      }
      return true;
    }
  }

  get end(): CommandEnd {
    return { stdout: textOf(this.#out), stderr: textOf(this.#err), droppedBytes: this.#droppedBytes, ...this.#end };
  }
}

/** Runs one command line to its end. Cancelling it, or its limit, kills it. */
export async function runCommand(
  call: CommandCall,
  limitMs: number,
  cancel: AbortSignal,
): Promise<{ exchange: StreamExchange; end: CommandEnd }> {
  const reader = new FrameReader();
  const talker = {
    port: call.port,
    send: requestOf(call),
    halfClose: false,
    received: (piece: Buffer) => reader.read(piece),
  };
  const exchange = await exchangeOnStream(talker, limitMs, cancel);
  return { exchange, end: reader.end };
}

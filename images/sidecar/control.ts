import type { Readable, Writable } from 'node:stream';
import type { Command } from './commands.ts';
import { asFailure, Failure } from './failure.ts';
import { Fields } from './fields.ts';
import { readLines } from './lines.ts';

const LINE_LIMIT_BYTES = 64 * 1024 * 1024;
const IN_FLIGHT_LIMIT = 64;

type Id = number | string;

/**
 * The control loop: a request a line on `input`, a reply a line on `output`, in the order in which they finish. Returns when
 * the input ends. Whatever comes in gets a reply and nothing that comes in ends the loop.
 */
export class Control {
  readonly #commands: ReadonlyMap<string, Command>;
  readonly #output: Writable;
  readonly #inFlight = new Map<Id, AbortController>();

  constructor(commands: ReadonlyMap<string, Command>, output: Writable) {
    this.#commands = commands;
    this.#output = output;
  }

  /** Writes one line that is no reply. */
  announce(event: Readonly<Record<string, unknown>>): void {
    this.#send(event);
  }

  async serve(input: Readable): Promise<void> {
    for await (const line of readLines(input, LINE_LIMIT_BYTES)) {
      if ('text' in line) {
        if (line.text.trim() !== '') this.#accept(line.text);
      } else {
        this.#fail(null, new Failure('too-large', `a request line of ${line.droppedBytes} bytes was dropped`));
      }
      await this.#drained();
    }
  }

  /** A reader that is slow slows down the requests, not the memory. */
  async #drained(): Promise<void> {
    if (!this.#output.writableNeedDrain) return;
    await new Promise((resolve) => this.#output.once('drain', resolve));
  }

  #accept(text: string): void {
    let id: Id | null = null;
    try {
      const request = new Fields(parse(text), 'the request');
      id = readId(request.any('id'));
      const name = request.text('cmd');
      if (name === 'cancel') this.#cancel(id, request);
      else this.#start(id, name, text);
    } catch (error) {
      this.#fail(id, asFailure(error));
    }
  }

  #start(id: Id, name: string, text: string): void {
    const command = this.#commands.get(name);
    if (command === undefined) {
      const known = [...this.#commands.keys(), 'cancel'].join(', ');
      throw new Failure('unknown-command', `there is no command ${name.slice(0, 100)}; there are: ${known}`);
    }
    if (this.#inFlight.has(id)) throw new Failure('duplicate-id', `a request with the id ${id} is not finished yet`);
    if (this.#inFlight.size >= IN_FLIGHT_LIMIT) {
      throw new Failure('busy', `${IN_FLIGHT_LIMIT} requests are not finished yet; wait for one of them`);
    }
    const fields = new Fields(parse(text), name);
    fields.any('id');
    fields.any('cmd');
    void this.#run(id, command, fields);
  }

  async #run(id: Id, command: Command, fields: Fields): Promise<void> {
    const abort = new AbortController();
    this.#inFlight.set(id, abort);
    try {
      const reply = await command(fields, abort.signal);
      this.#inFlight.delete(id);
      this.#send({ id, ok: true, ...reply });
    } catch (error) {
      this.#inFlight.delete(id);
      this.#fail(id, asFailure(error));
    }
  }

  #cancel(id: Id, request: Fields): void {
    const target = readId(request.any('target'));
    request.end();
    const abort = this.#inFlight.get(target);
    if (abort === undefined) {
      throw new Failure('unknown-target', `no request with the id ${target} is running; it may have ended already`);
    }
    this.#send({ id, ok: true });
    abort.abort();
  }

  #fail(id: Id | null, failure: Failure): void {
    this.#send({ id, ok: false, error: failure.message, code: failure.code, ...failure.details });
    if (failure.code === 'internal') process.stderr.write(`${failure.stack}\n`);
  }

  #send(line: Readonly<Record<string, unknown>>): void {
    this.#output.write(`${JSON.stringify(line)}\n`);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Failure('bad-request', 'the request is not JSON', {}, error);
  }
}

function readId(value: unknown): Id {
  if (Number.isSafeInteger(value) || (typeof value === 'string' && value.length > 0 && value.length <= 64)) {
    return value as Id;
  }
  throw new Failure('bad-request', 'an id must be a whole number or a text of 1 to 64 characters');
}

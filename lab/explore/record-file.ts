import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import path from 'node:path';
import { writeProblem } from '../evidence/recorder.ts';
import type { GateEvent } from '../gate/protocol.ts';
import { Problem } from '../problem.ts';
import { type Effect, RECORD_SCHEMA_VERSION, RecordLine, type Step, type WriteRecord } from './record.ts';
import { sharedMemoryOf, withoutBytesOf } from './shared-memory.ts';

export const RECORD_FILE = 'record.jsonl';
export const DATA_FILE = 'record.data';

/**
 * Writes a record as writegate's events come: the steps as lines of one file, their bytes into another. Nothing but the step that is being told is
 * held in memory.
 */
export class RecordWriter implements Disposable {
  readonly #folder: string;
  readonly #lines: number;
  readonly #data: number;
  #at = 0;
  #effects: Effect[] = [];
  #call: Extract<GateEvent, { ev: 'op' }> | undefined;
  #isOn = false;
  /** What came before the record. */
  readonly #seen: GateEvent[] = [];
  #failure: Problem | undefined;
  /** How many calls it holds. */
  steps = 0;

  constructor(folder: string, header: Omit<Extract<RecordLine, { kind: 'record' }>, 'kind' | 'schemaVersion'>) {
    this.#folder = folder;
    try {
      mkdirSync(folder, { recursive: true });
      this.#lines = openSync(path.join(folder, RECORD_FILE), 'wx');
      this.#data = openSync(path.join(folder, DATA_FILE), 'wx');
    } catch (error) {
      throw writeProblem(folder, error);
    }
    this.#line({ kind: 'record', schemaVersion: RECORD_SCHEMA_VERSION, ...header });
  }

  /** The first thing that could not be written: the events come from a stream, where nobody sees what is thrown. */
  get failure(): Problem | undefined {
    return this.#failure;
  }

  #write(write: () => void): void {
    if (this.#failure !== undefined) return;
    try {
      write();
    } catch (error) {
      this.#failure = writeProblem(this.#folder, error);
    }
  }

  #line(line: RecordLine): void {
    this.#write(() => writeSync(this.#lines, `${JSON.stringify(line)}\n`));
  }

  /** What is no change of the folder. */
  add(line: Extract<RecordLine, { kind: 'turn' | 'answer' | 'upgrade' | 'end' | 'unrecorded' }>): void {
    this.#line(line);
  }

  event(event: GateEvent): void {
    switch (event.ev) {
      case 'recording':
        this.#isOn = true;
        this.#line({ kind: 'seen', events: this.#seen });
        return;
      case 'base':
        this.#line({ kind: 'base', effects: this.#take() });
        return;
      case 'name':
        this.#effects.push({ kind: 'name', path: event.path, ino: event.ino });
        return;
      case 'inode': {
        const { ino, type, mode, size, target } = event;
        this.#effects.push({ kind: 'inode', ino, type, mode, size, ...(target !== undefined && { target }) });
        return;
      }
      case 'data':
        this.#keep(event);
        return;
      case 'start':
        this.#seen.push(event);
        return;
      case 'op':
        if (!this.#isOn) this.#seen.push(event);
        this.#call = event;
        return;
      case 'unrecorded':
        this.#line({ kind: 'unrecorded', path: event.path, why: event.why });
        return;
      case 'unknown-path':
        this.#line({ kind: 'unrecorded', path: '?', why: `the path of a ${event.op} could not be read` });
        return;
      case 'done':
        this.#step(event);
        return;
      case 'recorded':
        this.#isOn = false;
        return;
    }
  }

  #take(): Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #keep({ ino, offset, base64 }: Extract<GateEvent, { ev: 'data' }>): void {
    const bytes = Buffer.from(base64, 'base64');
    this.#write(() => {
      for (let done = 0; done < bytes.length; )
        done += writeSync(this.#data, bytes, done, bytes.length - done, this.#at + done);
    });
    this.#effects.push({ kind: 'data', ino, offset, bytes: bytes.length, at: this.#at });
    this.#at += bytes.length;
  }

  #step({ op, t, bytes, offset, synchronous, over }: Extract<GateEvent, { ev: 'done' }>): void {
    if (!this.#isOn) return;
    const effects = this.#take();
    this.steps += 1;
    // Written through a mapping: told between the call that comes next and what that one did.
    if (op === 'mapped') {
      this.#line({ kind: 'step', op, syscall: 'mmap', path: '', t, effects });
      return;
    }
    const call = this.#call;
    if (call === undefined) return;
    if (!over) this.#line({ kind: 'unrecorded', path: call.path, why: `a ${op} was not over when its time was` });
    const step: Step = { kind: 'step', op, syscall: call.syscall, path: call.path, t, effects, event: call };
    if (call.comm !== undefined) step.comm = call.comm;
    if (call.to !== undefined) step.to = call.to;
    if (bytes !== undefined) step.bytes = bytes;
    if (offset !== undefined) step.offset = offset;
    if (synchronous === true) step.synchronous = true;
    this.#line(step);
    this.#call = undefined;
  }

  [Symbol.dispose](): void {
    closeSync(this.#lines);
    closeSync(this.#data);
  }
}

/** A record that is read; its data file stays open. */
export interface OpenRecord extends Disposable {
  readonly record: WriteRecord;
}

/**
 * Reads a record back.
 * @throws Problem bad-results: cut short, of another version, or damaged
 */
export function openRecord(folder: string): OpenRecord {
  const file = path.join(folder, RECORD_FILE);
  const text = read(file);
  const lines = text.split('\n');
  if (lines.pop() !== '') throw cutShort(file, 'its last line has no end');
  const parsed = lines.map((line, index) => parse(line, `${file}, line ${index + 1}`));
  const [header] = parsed;
  if (header?.kind !== 'record')
    throw new Problem('bad-results', `${file} does not begin with the header of a record.`);
  const of = <Kind extends RecordLine['kind']>(kind: Kind) =>
    parsed.filter((line): line is Extract<RecordLine, { kind: Kind }> => line.kind === kind);
  const [end] = of('end');
  const [base] = of('base');
  const [answer] = of('answer');
  const [upgrade] = of('upgrade');
  if (end === undefined || base === undefined)
    throw cutShort(file, end === undefined ? 'it has no end' : 'it does not say what the folder was at its beginning');
  const data = openSync(path.join(folder, DATA_FILE), 'r');
  const size = fstatSync(data).size;
  const { system, version, workload, root } = header;
  const told = { base: base.effects, steps: of('step'), unrecorded: of('unrecorded'), end: end.entries };
  const sharedMemory = sharedMemoryOf(told);
  return {
    record: {
      ...withoutBytesOf(told, sharedMemory),
      sharedMemory,
      system,
      version,
      workload,
      root,
      seen: of('seen').flatMap((line) => line.events),
      turns: of('turn'),
      ...(answer !== undefined && { before: answer }),
      ...(upgrade !== undefined && { upgrade }),
      data: (at, bytes) => {
        if (at + bytes > size)
          throw cutShort(path.join(folder, DATA_FILE), `it has ${size} bytes, and ${at + bytes} are told of`);
        const buffer = Buffer.allocUnsafe(bytes);
        for (let done = 0; done < bytes; ) done += readSync(data, buffer, done, bytes - done, at + done);
        return buffer;
      },
    },
    [Symbol.dispose]: () => closeSync(data),
  };
}

const cutShort = (file: string, why: string) =>
  new Problem('bad-results', `the record ${file} was cut short: ${why}. Record it anew; half a record proves nothing.`);

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Problem('bad-usage', `There is no record at ${file}.`, { cause: error });
  }
}

function parse(line: string, where: string): RecordLine {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    throw new Problem('bad-results', `${where} is not JSON: the record was changed or damaged.`, { cause: error });
  }
  const version = (json as { kind?: unknown; schemaVersion?: unknown }).schemaVersion;
  if (version !== undefined && version !== RECORD_SCHEMA_VERSION)
    throw new Problem(
      'bad-results',
      `${where}: a record of version ${String(version)}, and this midwrite reads ${RECORD_SCHEMA_VERSION}. Record it anew.`,
    );
  const parsed = RecordLine.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Problem('bad-results', `${where} is not a line of a record: ${issue?.path.join('.')}: ${issue?.message}`);
}

import { createHash } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { describe, errorCode, Problem } from '../problem.ts';
import type { Entry } from '../sidecar/client.ts';
import type { EvidenceEvent, Moment, Observation } from './event.ts';

export const EVIDENCE_FILE = 'evidence.jsonl';
export const CONTENTS_FOLDER = 'files';

/** Where observations go. */
export interface EvidenceSink {
  record(observation: Observation): void;
  /** A listing, with the contents that came with it. */
  snapshot(moment: Moment, entries: readonly Entry[]): void;
}

/**
 * Writes a cell's evidence as it comes, a line at a time, so that a lab that is killed leaves what it had seen. Append-only; there is no call that
 * takes anything back.
 */
export class Recorder implements Disposable, EvidenceSink {
  /** Where it writes. */
  readonly folder: string;
  readonly #file: number;
  #at = 0;
  #closed = false;
  #failure: Problem | undefined;

  /** @param goesOn behind a record that was cut off, instead of a new one */
  constructor(folder: string, goesOn = false) {
    this.folder = folder;
    try {
      mkdirSync(path.join(folder, CONTENTS_FOLDER), { recursive: true });
      // A cell that runs again has a folder of its own; an old record is never overwritten or mixed with a new one.
      this.#file = openSync(path.join(folder, EVIDENCE_FILE), goesOn ? 'r+' : 'wx');
      if (goesOn) this.#dropHalfLine();
    } catch (error) {
      throw writeProblem(folder, error);
    }
  }

  /** The last line of a record whose lab was killed may lack its end: it was never read as an observation, and must not become one with what follows. */
  #dropHalfLine(): void {
    const whole = readFileSync(this.#file).lastIndexOf('\n') + 1;
    ftruncateSync(this.#file, whole);
    this.#at = whole;
  }

  record(observation: Observation): void {
    // Streams of a container that is being removed may end after the record: that is no observation of the cell.
    if (this.#closed) return;
    const event = { t: Date.now(), ...observation } as EvidenceEvent;
    try {
      this.#at += writeSync(this.#file, `${JSON.stringify(event)}\n`, this.#at);
    } catch (error) {
      throw this.#fail(writeProblem(this.folder, error));
    }
  }

  /** The first thing that could not be written. It may have been thrown into a stream's reader, where nobody sees it. */
  get failure(): Problem | undefined {
    return this.#failure;
  }

  #fail(problem: Problem): Problem {
    this.#failure ??= problem;
    return problem;
  }

  /** Records a listing; the contents that came with it go into files named by their hash, so a name from a container never becomes a path. */
  snapshot(moment: Moment, entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (entry.contentBase64 !== undefined) this.#keep(Buffer.from(entry.contentBase64, 'base64'));
    }
    this.record({ type: 'snapshot', moment, entries: entries.map(({ contentBase64: _, ...entry }) => entry) });
  }

  #keep(content: Buffer): void {
    const file = path.join(this.folder, CONTENTS_FOLDER, createHash('sha256').update(content).digest('hex'));
    try {
      writeFileSync(`${file}.part`, content);
      renameSync(`${file}.part`, file);
    } catch (error) {
      throw this.#fail(writeProblem(file, error));
    }
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    fsyncSync(this.#file);
    closeSync(this.#file);
  }
}

export function writeProblem(where: string, error: unknown): Problem {
  return errorCode(error) === 'ENOSPC'
    ? new Problem(
        'no-space',
        `the disk is full: ${where} could not be written. Free some room and run again; what is there reads as incomplete.`,
        { cause: error },
      )
    : new Problem(
        'results-unwritable',
        `${where} can't be written (${describe(error)}). Give \`--results\` a folder that you may write to.`,
        { cause: error },
      );
}

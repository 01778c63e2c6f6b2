import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import picomatch from 'picomatch';
import { learnTemps } from '../cell/write-shape.ts';
import type { GateEvent, GateEventOf } from '../gate/protocol.ts';
import { errorCode, Problem } from '../problem.ts';
import type { Entry } from '../sidecar/client.ts';
import { EVIDENCE_SCHEMA_VERSION, EvidenceEvent, type EvidenceOf, type Moment } from './event.ts';
import { CONTENTS_FOLDER, EVIDENCE_FILE } from './recorder.ts';
import { refuseNewer } from './schema.ts';

export type Listing = EvidenceOf<'snapshot'>;

/** A cell's evidence, in memory, for pure functions to judge: no clock, no file system, no engine. */
export class CellEvidence {
  readonly events: readonly EvidenceEvent[];
  readonly #contents: ReadonlyMap<string, Uint8Array>;
  #byType: ReadonlyMap<EvidenceEvent['type'], readonly EvidenceEvent[]> | undefined;
  #patterns: string[] | undefined;
  #fitsTemp: ((file: string) => boolean) | undefined;
  #lines: Map<EvidenceEvent | GateEvent, number> | undefined;

  readonly #knownTemps: readonly string[];

  /** @param knownTemps patterns of temps that were seen elsewhere */
  constructor(
    events: readonly EvidenceEvent[],
    contents: ReadonlyMap<string, Uint8Array> = new Map(),
    knownTemps: readonly string[] = [],
  ) {
    this.events = events;
    this.#contents = contents;
    this.#knownTemps = knownTemps;
  }

  /** Some of these events, as evidence of their own that has the same files. */
  partOf(events: readonly EvidenceEvent[], knownTemps: readonly string[]): CellEvidence {
    return new CellEvidence(events, this.#contents, knownTemps);
  }

  /** The first line, which says what the cell is and what was promised. */
  get cell(): EvidenceOf<'cell'> {
    const first = this.events[0];
    if (first?.type !== 'cell') throw new Problem('bad-results', 'the evidence does not begin with its cell');
    return first;
  }

  /** The first line of a scenario's evidence; undefined where it is a cell's. */
  get scenario(): EvidenceOf<'scenario'> | undefined {
    const first = this.events[0];
    return first?.type === 'scenario' ? first : undefined;
  }

  /** What the gateway promised. */
  get promises(): EvidenceOf<'cell'>['promises'] {
    return this.scenario?.promises ?? this.cell.promises;
  }

  /** The line of evidence.jsonl, from 1, that an event is on. */
  lineOf(seen: EvidenceEvent | GateEvent): number {
    this.#lines ??= new Map(
      this.events.flatMap((event, index): [EvidenceEvent | GateEvent, number][] =>
        event.type === 'gate'
          ? [
              [event, index + 1],
              [event.event, index + 1],
            ]
          : [[event, index + 1]],
      ),
    );
    const line = this.#lines.get(seen);
    if (line === undefined) throw new Error('the verdict rests on an event that is not in the evidence');
    return line;
  }

  of<Type extends EvidenceEvent['type']>(type: Type): EvidenceOf<Type>[] {
    this.#byType ??= Map.groupBy(this.events, (event) => event.type);
    return [...(this.#byType.get(type) ?? [])] as EvidenceOf<Type>[];
  }

  /** The events of writegate in one boot, or in all. */
  gate(boot?: number): GateEvent[] {
    return this.of('gate')
      .filter((event) => boot === undefined || event.boot === boot)
      .map((event) => event.event);
  }

  gateOf<Name extends GateEvent['ev']>(ev: Name, boot?: number): GateEventOf<Name>[] {
    return this.gate(boot).filter((event): event is GateEventOf<Name> => event.ev === ev);
  }

  snapshot(moment: Moment): Listing | undefined {
    return this.of('snapshot').find((event) => event.moment === moment);
  }

  entry(moment: Moment, file: string): Entry | undefined {
    return this.snapshot(moment)?.entries.find((entry) => entry.path === file && entry.gone !== true);
  }

  /** The bytes of a file at a moment, if they were kept. */
  content(entry: Entry | undefined): Uint8Array | undefined {
    return entry?.sha256 === undefined ? undefined : this.#contents.get(entry.sha256);
  }

  text(entry: Entry | undefined): string | undefined {
    const content = this.content(entry);
    return content === undefined ? undefined : Buffer.from(content).toString('utf8');
  }

  /**
   * What the engine reported of the gateway's container from the strike until the lab did something to it again: its own stops and its cleaning up
   * send signals too.
   */
  docker(action: string): EvidenceOf<'docker'>[] {
    const strike = this.events.findIndex((event) => event.type === 'phase' && event.name === 'strike');
    if (strike === -1) return [];
    const after = this.events.slice(strike);
    const end = after.findIndex((event) => event.type === 'phase' && ['recover', 'clean up'].includes(event.name));
    const window = end === -1 ? after : after.slice(0, end);
    return window.filter(
      (event): event is EvidenceOf<'docker'> =>
        event.type === 'docker' && event.action === action && event.container.endsWith('-gateway'),
    );
  }

  /** When the strike began, by the lab's clock. */
  get struckAt(): number | undefined {
    return this.of('phase').find((phase) => phase.name === 'strike')?.t;
  }

  /** The number of the boot that came after the crash, if there was one. */
  get recoveryBoot(): number | undefined {
    const boots = this.gateOf('start').length;
    return boots >= 2 ? 2 : undefined;
  }

  /** What a temp of this gateway is called, of its store and of its other files: as it was seen, and as the definition says. */
  get tempPatterns(): string[] {
    this.#patterns ??= [...new Set([...learnTemps(this.gate(1)), ...this.#knownTemps, ...this.promises.temps])];
    return this.#patterns;
  }

  isTemp(file: string): boolean {
    // A store that was moved aside was made and renamed as well.
    if (file === this.promises.store.path) return false;
    this.#fitsTemp ??= picomatch(this.tempPatterns, { dot: true });
    return this.#fitsTemp(file);
  }

  /** The temps of dead writers in a listing: regular files, without those that the lab planted. */
  temps(moment: Moment): Entry[] {
    const planted = new Set(this.of('planted').flatMap((event) => event.files.map((file) => file.path)));
    return (this.snapshot(moment)?.entries ?? []).filter(
      (entry) => entry.type === 'file' && entry.gone !== true && !planted.has(entry.path) && this.isTemp(entry.path),
    );
  }
}

/**
 * Reads a cell's folder. A last line that was cut off (the lab was killed while it wrote) is left out; anything else that is wrong is an error.
 * @returns undefined where there is no evidence at all
 */
export async function loadEvidence(folder: string): Promise<CellEvidence | undefined> {
  let text: string;
  try {
    text = await readFile(path.join(folder, EVIDENCE_FILE), 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new Problem('bad-results', `${path.join(folder, EVIDENCE_FILE)} can't be read`, { cause: error });
  }
  const lines = text.split('\n');
  if (lines.pop() !== '' && lines.length === 0) return undefined;
  const events = lines.map((line, index) => parseLine(line, `${path.join(folder, EVIDENCE_FILE)}, line ${index + 1}`));
  if (events.length === 0) return undefined;
  return new CellEvidence(events, await loadContents(path.join(folder, CONTENTS_FOLDER)));
}

function parseLine(line: string, where: string): EvidenceEvent {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    throw new Problem('bad-results', `${where} is not JSON: the evidence was changed or damaged`, { cause: error });
  }
  refuseNewer(json, where, EVIDENCE_SCHEMA_VERSION);
  const parsed = EvidenceEvent.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Problem(
    'bad-results',
    `${where} is no evidence that the lab knows: ${issue?.path.join('.')}: ${issue?.message}`,
  );
}

async function loadContents(folder: string): Promise<Map<string, Uint8Array>> {
  const contents = new Map<string, Uint8Array>();
  for (const name of await readdir(folder).catch(() => [])) {
    if (/^[0-9a-f]{64}$/.test(name)) contents.set(name, await readFile(path.join(folder, name)));
  }
  return contents;
}

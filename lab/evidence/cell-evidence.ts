import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import pMap from 'p-map';
import { learnTemps } from '../crash-point/write-shape.ts';
import type { GateEvent, GateEventOf } from '../gate/protocol.ts';
import { fitsPattern } from '../patterns.ts';
import { errorCode, Problem } from '../problem.ts';
import type { Entry } from '../sidecar/client.ts';
import { EVIDENCE_SCHEMA_VERSION, EvidenceEvent, type EvidenceOf, type Moment } from './event.ts';
import { CONTENTS_FOLDER, EVIDENCE_FILE } from './recorder.ts';
import { refuseNewer, withNewNames } from './schema.ts';

const FILES_AT_ONCE = 16;
/** Of how many cells the evidence may be in memory: while one is looked at, the next are read. */
export const CELLS_AT_ONCE = 3;

/** Whether a container of a pod is the system's; it was called the gateway once. */
export const isSystem = (container: string): boolean => /-(?:system|gateway)$/.test(container);

export type Listing = EvidenceOf<'snapshot'>;

/** A cell's evidence, in memory, for pure functions to judge: no clock, no file system, no engine. */
export class CellEvidence {
  readonly events: readonly EvidenceEvent[];
  readonly #contents: ReadonlyMap<string, Uint8Array>;
  #byType: ReadonlyMap<EvidenceEvent['type'], readonly EvidenceEvent[]> | undefined;
  #patterns: string[] | undefined;
  #gate: ReadonlyMap<number | undefined, readonly GateEvent[]> | undefined;
  #refused: ReadonlySet<GateEvent> | undefined;

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

  /** What the system promised. */
  get promises(): EvidenceOf<'cell'>['promises'] {
    return this.scenario?.promises ?? this.cell.promises;
  }

  /** The line of evidence.jsonl, from 1, that an event is on. */
  lineOf(seen: EvidenceEvent | GateEvent): number {
    const index = this.events.findIndex((event) => event === seen || (event.type === 'gate' && event.event === seen));
    if (index === -1) throw new Error('the verdict rests on an event that is not in the evidence');
    return index + 1;
  }

  of<Type extends EvidenceEvent['type']>(type: Type): readonly EvidenceOf<Type>[] {
    this.#byType ??= Map.groupBy(this.events, (event) => event.type);
    return (this.#byType.get(type) ?? []) as readonly EvidenceOf<Type>[];
  }

  /** A call that was answered with an error in the kernel's place: it changed nothing. */
  isRefused(event: GateEvent): boolean {
    this.#refused ??= refusedIn(this.of('gate'));
    return this.#refused.has(event);
  }

  /** The events of writegate in one boot, or in all, without calls that never ran. */
  gate(boot?: number): readonly GateEvent[] {
    this.#gate ??= gateEvents(this.of('gate').filter(({ event }) => !this.isRefused(event)));
    return this.#gate.get(boot) ?? [];
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
   * What the engine reported of the system's container from the strike until the lab did something to it again: its own stops and its cleaning up
   * send signals too.
   */
  docker(action: string): EvidenceOf<'docker'>[] {
    const strike = this.events.findIndex((event) => event.type === 'phase' && event.name === 'strike');
    if (strike === -1) return [];
    const after = this.events.slice(strike);
    const end = after.findIndex(
      (event) => event.type === 'phase' && ['recover', 'drive on', 'clean up'].includes(event.name),
    );
    const window = end === -1 ? after : after.slice(0, end);
    return window.filter(
      (event): event is EvidenceOf<'docker'> =>
        event.type === 'docker' && event.action === action && isSystem(event.container),
    );
  }

  /** When the strike began, by the lab's clock. */
  get struckAt(): number | undefined {
    return this.of('phase').find((phase) => phase.name === 'strike')?.t;
  }

  /** The number of the boot that came after the crash, if there was one. */
  get recoveryBoot(): number | undefined {
    const recovery = this.of('phase').find((phase) => phase.name === 'recover');
    const starts = this.of('gate').filter(({ event }) => event.ev === 'start');
    // A boot that was killed before it was through has recovered nothing.
    const first = starts.find(({ boot, t }) => boot >= 2 && t >= (recovery?.t ?? 0));
    if (first === undefined) return undefined;
    // One that refuses is booted again.
    return this.of('ready').find((event) => event.boot >= first.boot)?.boot ?? first.boot;
  }

  /** What a temp of this system is called, of its store and of its other files: as it was seen, and as the definition says. */
  get tempPatterns(): string[] {
    this.#patterns ??= [
      ...new Set([...learnTemps([...this.gate(0), ...this.gate(1)]), ...this.#knownTemps, ...this.promises.temps]),
    ];
    return this.#patterns;
  }

  isTemp(file: string): boolean {
    // A store that was moved aside was made and renamed as well.
    if (file === this.promises.store.path) return false;
    return fitsPattern(file, this.tempPatterns);
  }

  /** The temps of dead writers in a listing: regular files, without those that the lab planted. */
  temps(moment: Moment): Entry[] {
    const planted = new Set(this.of('planted').flatMap((event) => event.files.map((file) => file.path)));
    return (this.snapshot(moment)?.entries ?? []).filter(
      (entry) => entry.type === 'file' && entry.gone !== true && !planted.has(entry.path) && this.isTemp(entry.path),
    );
  }
}

/** Events in which something had another name once. */
const EVENTS_RENAMED: ReadonlySet<unknown> = new Set(['cell', 'scenario', 'command']);

function refusedIn(events: readonly EvidenceOf<'gate'>[]): Set<GateEvent> {
  const key = (boot: number, seq: number) => `${boot} ${seq}`;
  const failed = new Set(
    events.flatMap(({ boot, event }) => (event.ev === 'answered' && event.result < 0 ? [key(boot, event.of)] : [])),
  );
  const isFailed = ({ boot, event }: EvidenceOf<'gate'>) => event.ev === 'op' && failed.has(key(boot, event.seq));
  return new Set(failed.size === 0 ? [] : events.filter(isFailed).map(({ event }) => event));
}

/** By boot, and all of them under undefined. */
function gateEvents(events: readonly EvidenceOf<'gate'>[]): Map<number | undefined, GateEvent[]> {
  const byBoot = new Map<number | undefined, GateEvent[]>([[undefined, events.map(({ event }) => event)]]);
  for (const [boot, some] of Map.groupBy(events, (event) => event.boot))
    byBoot.set(
      boot,
      some.map(({ event }) => event),
    );
  return byBoot;
}

/**
 * Reads a cell's folder. A last line that was cut off (the lab was killed while it wrote) is left out; anything else that is wrong is an error.
 * @returns undefined where there is no evidence at all
 */
export async function loadEvidence(folder: string): Promise<CellEvidence | undefined> {
  const file = path.join(folder, EVIDENCE_FILE);
  const [text, contents] = await Promise.all([readEvidence(file), loadContents(path.join(folder, CONTENTS_FOLDER))]);
  const lines = text.split('\n');
  lines.pop();
  const events = lines.map((line, index) => parseLine(line, file, index + 1));
  return events.length === 0 ? undefined : new CellEvidence(events, contents);
}

async function readEvidence(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return '';
    throw new Problem('bad-results', `${file} can't be read`, { cause: error });
  }
}

function parseLine(line: string, file: string, number: number): EvidenceEvent {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    throw new Problem('bad-results', `${file}, line ${number} is not JSON: the evidence was changed or damaged`, {
      cause: error,
    });
  }
  refuseNewer(json, `${file}, line ${number}`, EVIDENCE_SCHEMA_VERSION);
  const parsed = EvidenceEvent.safeParse(
    EVENTS_RENAMED.has((json as { type?: unknown } | null)?.type) ? withNewNames(json) : json,
  );
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Problem(
    'bad-results',
    `${file}, line ${number} is no evidence that the lab knows: ${issue?.path.join('.')}: ${issue?.message}`,
  );
}

async function loadContents(folder: string): Promise<Map<string, Uint8Array>> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^[0-9a-f]{64}$/.test(name));
  const read = async (name: string) => [name, await readFile(path.join(folder, name))] as const;
  return new Map(await pMap(names, read, { concurrency: FILES_AT_ONCE }));
}

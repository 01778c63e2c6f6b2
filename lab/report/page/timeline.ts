import { type CellEvidence, isSystem } from '../../evidence/cell-evidence.ts';
import type { EvidenceEvent, EvidenceOf } from '../../evidence/event.ts';
import { fitsPattern } from '../../patterns.ts';
import { gateInWords } from './evidence-line.ts';

/** All times in ms since the cell's first line. */
export interface Span {
  fromMs: number;
  toMs: number;
  label: string;
}

export interface Mark {
  atMs: number;
  label: string;
}

/** The rows in which calls are drawn; what is none of the named ones is `other` (mkdir, chmod, …). */
export const CALL_KINDS = ['create', 'write', 'sync', 'rename', 'unlink', 'other'] as const;
export type CallKind = (typeof CALL_KINDS)[number];

/** A call of the system's that changes its state folder. */
export interface Call {
  atMs: number;
  kind: CallKind;
  /** On the store itself, a temp of it, its journal or its log; the others are elsewhere in the folder. */
  onStore: boolean;
  boot: number;
  line: number;
  says: string;
}

/** What happened in a cell, on one time axis. */
export interface Timeline {
  toMs: number;
  phases: Span[];
  boots: (Span & { readyAtMs?: number })[];
  calls: Call[];
  holds: Span[];
  /** What was done to the system. */
  fault: Mark[];
  /** What shows that it took place. */
  proof: Mark[];
  /** Files of dead writers, and what the lab had planted, that the system itself removed. */
  sweep: Mark[];
  turns: (Span & { acknowledged: boolean })[];
  memory: { points: [atMs: number, bytes: number][]; limitBytes: number | undefined };
}

/** Twice as many points as there are pixels to draw them say no more. */
const MOST_MEMORY_POINTS = 300;
/** What the engine reports of the lab's own calls; everything else in a strike shows what came of it. */
const THE_LABS_OWN: ReadonlySet<string> = new Set(['attach', 'create', 'kill', 'start']);
/** The phases with which a strike is over. */
const OVER: ReadonlySet<string> = new Set(['recover', 'clean up']);
/** Around the hold, for the close-up. */
const BEFORE_HOLD_MS = 150;
const AFTER_PROOF_MS = 150;

export function timeline(evidence: CellEvidence): Timeline {
  const { events } = evidence;
  const start = events[0]?.t ?? 0;
  const toMs = (events.at(-1)?.t ?? start) - start;
  const ahead = engineClock(events);
  /** A time by the engine's clock, which writegate and the sidecar share. */
  const engineMs = (t: number) => t + ahead - start;
  const ends = ending(events, start, toMs);
  return {
    toMs,
    phases: spansOf(
      evidence.of('phase').map((phase) => ({ atMs: phase.t - start, label: phase.name })),
      toMs,
    ),
    boots: evidence
      .of('gate')
      .filter(({ event }) => event.ev === 'start')
      .map(({ boot, event }) => {
        const ready = evidence.of('ready').find((one) => one.boot === boot);
        const from = engineMs(event.t);
        return {
          fromMs: from,
          toMs: ends.find((end) => end.boot === boot)?.atMs ?? toMs,
          label: `boot ${boot}`,
          ...(ready === undefined ? {} : { readyAtMs: engineMs(ready.tReady) }),
        };
      }),
    calls: calls(evidence, engineMs),
    holds: holds(evidence, engineMs, ends),
    fault: fault(evidence, start),
    proof: proof(evidence, start, engineMs),
    sweep: sweep(evidence, engineMs),
    turns: evidence.of('turn').map(({ name, result }) => ({
      fromMs: engineMs(result.tSent),
      toMs: engineMs(result.tEnded),
      label: name,
      acknowledged: result.acknowledged,
    })),
    memory: {
      points: thinned(
        evidence
          .of('gate')
          .flatMap(({ event }): [number, number][] =>
            event.ev === 'memory' ? [[engineMs(event.t), event.currentBytes]] : [],
          ),
      ),
      limitBytes: evidence.gateOf('start')[0]?.memoryLimitBytes ?? undefined,
    },
  };
}

/** The stretch around the hold and the fault, where a cell is decided; undefined where there was no hold. */
export function closeUp(times: Timeline): { fromMs: number; toMs: number } | undefined {
  const hold = times.holds[0];
  if (hold === undefined) return undefined;
  const last = Math.max(hold.toMs, ...times.proof.map((mark) => mark.atMs).filter((at) => at - hold.toMs < 5_000));
  return { fromMs: Math.max(0, hold.fromMs - BEFORE_HOLD_MS), toMs: Math.min(times.toMs, last + AFTER_PROOF_MS) };
}

/**
 * How far the engine's clock is behind the lab's, in ms: what came the fastest took next to no time. 0 on one machine; a remote engine may be anything.
 */
function engineClock(events: readonly EvidenceEvent[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const event of events) if (event.type === 'gate') least = Math.min(least, event.t - event.event.t);
  return Number.isFinite(least) ? least : 0;
}

function spansOf(marks: readonly Mark[], toMs: number): Span[] {
  return marks.map(({ atMs, label }, index) => ({ fromMs: atMs, toMs: marks[index + 1]?.atMs ?? toMs, label }));
}

/** When each boot ended, by the lab's clock: a killed system says nothing itself. */
function ending(events: readonly EvidenceEvent[], start: number, toMs: number): { boot: number; atMs: number }[] {
  const died = new Map<number, number>();
  let boot = 0;
  for (const event of events) {
    if (event.type === 'gate') boot = Math.max(boot, event.boot);
    const isDeath = event.type === 'docker' && event.action === 'die' && isSystem(event.container);
    if ((isDeath || event.type === 'stopped') && !died.has(boot)) died.set(boot, event.t - start);
  }
  return [...died].map(([number, atMs]) => ({ boot: number, atMs: Math.min(atMs, toMs) }));
}

const KINDS: Readonly<Record<string, CallKind>> = {
  create: 'create',
  truncate: 'create',
  write: 'write',
  sync: 'sync',
  rename: 'rename',
  unlink: 'unlink',
};

function calls(evidence: CellEvidence, engineMs: (t: number) => number): Call[] {
  const { store } = evidence.promises;
  const journal = store.format === 'json-rows' && store.journal !== undefined ? [store.journal] : [];
  const known = new Map<string, boolean>();
  const isStores = (file: string) => {
    const found =
      known.get(file) ?? (file.startsWith(store.path) || fitsPattern(file, journal) || evidence.isTemp(file));
    known.set(file, found);
    return found;
  };
  return evidence.events.flatMap((event, index): Call[] => {
    if (event.type !== 'gate' || event.event.ev !== 'op') return [];
    const op = event.event;
    return [
      {
        atMs: engineMs(op.t),
        kind: KINDS[op.op] ?? 'other',
        onStore: isStores(op.path) || (op.to !== undefined && isStores(op.to)),
        boot: event.boot,
        line: index + 1,
        says: gateInWords(op),
      },
    ];
  });
}

function holds(
  evidence: CellEvidence,
  engineMs: (t: number) => number,
  ends: readonly { boot: number; atMs: number }[],
): Span[] {
  return evidence.of('gate').flatMap(({ boot, event }): Span[] => {
    if (event.ev !== 'held') return [];
    const over = evidence
      .gate(boot)
      .find((one) => (one.ev === 'released' || one.ev === 'lost') && one.t >= event.t && one.id === event.id);
    const end = over === undefined ? ends.find((one) => one.boot === boot)?.atMs : engineMs(over.t);
    const from = engineMs(event.t);
    return [{ fromMs: from, toMs: Math.max(from, end ?? from), label: gateInWords(event) }];
  });
}

function fault(evidence: CellEvidence, start: number): Mark[] {
  const steps = evidence.of('strike').map((event) => ({ atMs: event.t - start, label: event.step }));
  const kills = evidence.docker('kill').map((event) => ({
    atMs: event.t - start,
    label: `kill, signal ${event.attributes.signal ?? '?'}`,
  }));
  const began = evidence.of('phase').filter((phase) => phase.name === 'strike');
  return [...began.map((phase) => ({ atMs: phase.t - start, label: 'strike' })), ...kills, ...steps].sort(inTime);
}

function proof(evidence: CellEvidence, start: number, engineMs: (t: number) => number): Mark[] {
  const struck = evidence.struckAt;
  if (struck === undefined) return [];
  const reported = inStrikes(evidence).map((event): Mark => {
    const code = event.attributes.exitCode;
    return { atMs: event.t - start, label: code === undefined ? event.action : `${event.action}, exit ${code}` };
  });
  const seen = evidence.gate(1).flatMap((event): Mark[] => {
    const after = event.t >= struck - 1;
    if (!after || (event.ev !== 'exit' && event.ev !== 'filled' && event.ev !== 'released')) return [];
    return [{ atMs: engineMs(event.t), label: gateInWords(event) }];
  });
  return [...reported, ...seen].sort(inTime);
}

/** What the engine reported of the system's container from each strike until the lab did something to it again. */
function inStrikes(evidence: CellEvidence): EvidenceOf<'docker'>[] {
  let isStrike = false;
  return evidence.events.flatMap((event): EvidenceOf<'docker'>[] => {
    if (event.type === 'phase') isStrike = event.name === 'strike' || (isStrike && !OVER.has(event.name));
    const isReport = event.type === 'docker' && isSystem(event.container);
    return isReport && isStrike && !THE_LABS_OWN.has(event.action) ? [event] : [];
  });
}

/** Removals of files that lay there before: what the boot itself made and took away again is no sweep. */
function sweep(evidence: CellEvidence, engineMs: (t: number) => number): Mark[] {
  const survivor = evidence.snapshot('prepared') === undefined;
  const before = evidence.snapshot(survivor ? 'held' : 'prepared');
  if (before === undefined) return [];
  const planted = new Set(evidence.of('planted').flatMap((event) => event.files.map((file) => file.path)));
  const lay = new Set(before.entries.filter((entry) => entry.type === 'file').map((entry) => entry.path));
  return evidence.of('gate').flatMap(({ boot, event }): Mark[] => {
    if (event.ev !== 'op' || event.op !== 'unlink' || !lay.has(event.path)) return [];
    if (survivor ? event.t < before.t : boot < 2) return [];
    if (!planted.has(event.path) && !evidence.isTemp(event.path)) return [];
    return [{ atMs: engineMs(event.t), label: `${planted.has(event.path) ? 'planted: ' : ''}${event.path}` }];
  });
}

/** Of each stretch the lowest and the highest: no peak is lost. */
export function thinned(points: readonly [number, number][], most = MOST_MEMORY_POINTS): [number, number][] {
  if (points.length <= most) return [...points];
  const stretch = Math.ceil((points.length * 2) / most);
  return Array.from({ length: Math.ceil(points.length / stretch) }, (_, index) => {
    const part = points.slice(index * stretch, (index + 1) * stretch);
    const low = part.reduce((a, b) => (b[1] < a[1] ? b : a));
    const high = part.reduce((a, b) => (b[1] > a[1] ? b : a));
    return low === high ? [low] : [low, high].sort((a, b) => a[0] - b[0]);
  }).flat();
}

const inTime = (a: Mark, b: Mark) => a.atMs - b.atMs;

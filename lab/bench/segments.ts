import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { EvidenceEvent } from '../evidence/event.ts';

/** `system`: the system boots, serves or ends there, and would take that time without the lab too. `lab`: only the lab wants it. */
export type Share = 'system' | 'lab';

interface Mark {
  phase: string;
  name: string;
  share: Share;
  /** The event that ends this segment; it begins where the one before it ended. */
  ends(event: EvidenceEvent): boolean;
}

const phase = (name: string) => (event: EvidenceEvent) => event.type === 'phase' && event.name === name;
const ready = (boot: number) => (event: EvidenceEvent) => event.type === 'ready' && event.boot === boot;
const snapshot = (moment: string) => (event: EvidenceEvent) => event.type === 'snapshot' && event.moment === moment;
const turn = (name: string) => (event: EvidenceEvent) => event.type === 'turn' && event.name === name;
const stopped = (boot: number) => (event: EvidenceEvent) => event.type === 'stopped' && event.boot === boot;

/** A cell with a lethal fault from end to end, without gaps: lab/cell/cell.ts, told from the evidence. */
const MARKS: readonly Mark[] = [
  {
    phase: 'start',
    name: 'volume, sidecar container',
    share: 'lab',
    ends: (event) => event.type === 'docker' && event.action === 'start' && event.container.endsWith('-sidecar'),
  },
  { phase: 'start', name: 'sidecar there', share: 'lab', ends: phase('boot') },
  { phase: 'boot', name: 'first boot', share: 'system', ends: ready(1) },
  { phase: 'warm-up', name: 'first turn', share: 'system', ends: turn('warm') },
  { phase: 'warm-up', name: 'quiet, snapshot', share: 'lab', ends: snapshot('before') },
  {
    phase: 'hold',
    name: 'second turn',
    share: 'system',
    ends: (event) => event.type === 'gate' && event.event.ev === 'held',
  },
  { phase: 'hold', name: 'snapshot while held', share: 'lab', ends: phase('strike') },
  { phase: 'strike', name: 'kill', share: 'system', ends: phase('prepare') },
  { phase: 'prepare', name: 'age, plant, 2 snapshots', share: 'lab', ends: phase('recover') },
  { phase: 'recover', name: 'second boot', share: 'system', ends: ready(2) },
  { phase: 'recover', name: 'snapshot', share: 'lab', ends: snapshot('booted') },
  { phase: 'recover', name: 'third turn', share: 'system', ends: turn('after') },
  { phase: 'recover', name: 'time of the sweep, snapshot', share: 'lab', ends: phase('boot again') },
  { phase: 'boot again', name: 'stop', share: 'system', ends: stopped(2) },
  { phase: 'boot again', name: 'snapshot', share: 'lab', ends: snapshot('stopped') },
  { phase: 'boot again', name: 'third boot', share: 'system', ends: ready(3) },
  { phase: 'boot again', name: 'last snapshot', share: 'lab', ends: phase('clean up') },
  { phase: 'clean up', name: 'containers, volume', share: 'lab', ends: (event) => event.type === 'end' },
];

export interface Segment {
  phase: string;
  name: string;
  share: Share;
  tookMs: number;
}

/** Where the time of a cell went. Undefined where it did not go all the way. */
export function segmentsOf(evidence: CellEvidence): Segment[] | undefined {
  const segments: Segment[] = [];
  let from = evidence.cell.t;
  let at = 0;
  for (const { phase: inPhase, name, share, ends } of MARKS) {
    const found = evidence.events.findIndex((event, index) => index >= at && ends(event));
    const end = evidence.events[found];
    if (end === undefined) return undefined;
    segments.push({ phase: inPhase, name, share, tookMs: end.t - from });
    from = end.t;
    at = found;
  }
  return segments;
}

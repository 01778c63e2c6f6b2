import { learnTemps } from '../crash-point/write-shape.ts';
import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { EvidenceEvent, EvidenceOf } from '../evidence/event.ts';
import type { Fault } from '../fault.ts';
import { knownFaults } from '../known.ts';
import type { Seen } from '../result/verdict.ts';
import { momentInWords } from './draw.ts';
import { stepOf } from './steps.ts';

/** A step of a scenario, from its beginning to the next one's. */
export interface Step {
  number: number;
  /** As it stands in the scenario's evidence. */
  events: readonly EvidenceEvent[];
  /** How many events of the scenario came before it. */
  start: number;
  /** The boot that is struck, boot 1 of a cell: the one that was ready when it began, or one that is struck in its middle. */
  boot: number;
}

/** A step for which a fault and a moment were drawn. */
export interface DrawnStep extends Step {
  /** The last that was drawn: the one that came, if one did. */
  drawn: EvidenceOf<'drawn'>;
  isStruck: boolean;
}

/** A step in which a fault was injected, as the evidence of a cell. */
export interface StruckStep {
  number: number;
  /** `step 3 (a fault at full-temp)`. */
  inWords: string;
  drawn: EvidenceOf<'drawn'> | undefined;
  fault: Fault;
  evidence: CellEvidence;
  /** The event of the scenario's evidence that an event of the step is a copy of. */
  original(seen: Seen): Seen;
}

/** The steps, each once: one that was cut off and done again counts as it was done last. */
export function stepsOf(evidence: CellEvidence): Step[] {
  const steps = new Map<number, Step & { events: EvidenceEvent[] }>();
  let current: EvidenceEvent[] = [];
  let boot = 1;
  for (const [start, event] of evidence.events.entries()) {
    const number = event.type === 'phase' ? stepOf(event.name) : undefined;
    if (number !== undefined || event.type === 'resumed') current = [];
    if (number !== undefined) steps.set(number, { number, events: current, start, boot });
    if (event.type === 'ready') boot = event.boot;
    current.push(event);
  }
  return [...steps.values()].map((step) => ({ ...step, boot: struckInItsMiddle(step.events) ?? step.boot }));
}

/** The boot that had begun and was not ready when a step's fault was injected. */
function struckInItsMiddle(events: readonly EvidenceEvent[]): number | undefined {
  const strike = events.findIndex((event) => event.type === 'phase' && event.name === 'strike');
  const before = events.slice(0, Math.max(0, strike));
  const begun = before.findLast((event) => event.type === 'gate' && event.event.ev === 'start');
  if (begun === undefined || !('boot' in begun)) return undefined;
  return before.some((event) => event.type === 'ready' && event.boot === begun.boot) ? undefined : begun.boot;
}

/** An event with its boot counted from the one that is to be boot 1. */
export function withBoot(event: EvidenceEvent, first: number): EvidenceEvent {
  return 'boot' in event ? { ...event, boot: event.boot - first + 1 } : event;
}

/** Each step from what was drawn last for it. */
export function drawnSteps(evidence: CellEvidence): DrawnStep[] {
  return stepsOf(evidence).flatMap(({ number, events, start, boot }) => {
    const from = events.findLastIndex((event) => event.type === 'drawn');
    const drawn = events[from];
    if (drawn?.type !== 'drawn') return [];
    const own = events.slice(from);
    const isStruck = own.some((event) => event.type === 'phase' && event.name === 'strike');
    return [{ number, events: own, start: start + from, boot, drawn, isStruck }];
  });
}

/** The steps in which a fault was injected; whether it landed is not judged here. */
export function struckSteps(evidence: CellEvidence): StruckStep[] {
  const temps = learnTemps(evidence.gate());
  const drawn = drawnSteps(evidence);
  const struck =
    drawn.length > 0
      ? drawn.map((step) => ({ ...step, faultName: step.drawn.fault, moment: momentInWords(step.drawn.moment) }))
      : stepsOf(evidence).map((step) => ({ ...step, faultName: evidence.scenario?.fault, moment: heldAt(step) }));
  return struck.flatMap((step) => {
    const fault = knownFaults().find((one) => one.name === step.faultName);
    const isStruck = step.events.some((event) => event.type === 'phase' && event.name === 'strike');
    return isStruck && fault !== undefined ? [asCell(evidence, step, fault, temps)] : [];
  });
}

/** The crash point of a step. */
function heldAt({ events }: Step): string {
  const hold = events.findLast((event) => event.type === 'hold');
  return hold?.type === 'hold' ? hold.id : 'no crash point';
}

/** What a cell's evidence has before the moment that is struck, and a step has not: how it began, and the calls of the boot that is struck. */
function asCell(
  whole: CellEvidence,
  step: Step & { moment: string; drawn?: EvidenceOf<'drawn'> },
  fault: Fault,
  temps: readonly string[],
): StruckStep {
  const { events, start, drawn, number, moment } = step;
  const { scenario } = whole;
  if (scenario === undefined) throw new Error('only a scenario has steps');
  const { type: _, steps: __, scenario: ___, ...first } = scenario;
  const begin: EvidenceEvent = { ...first, type: 'cell', crashPoint: moment, fault: fault.name, aftermath: 'aged' };

  const before = whole.events.slice(0, start);
  const configured = before.findLast((event) => event.type === 'snapshot' && event.moment === 'configured');
  const strike = start + events.findIndex((event) => event.type === 'phase' && event.name === 'strike');
  // A boot that is struck in its middle was never ready: its start is what all boots have.
  const boot = startedBefore(whole, strike);
  const ofBoot = before.filter(
    (event) =>
      (event.type === 'gate' && event.boot === boot && ['start', 'op', 'memory'].includes(event.event.ev)) ||
      (event.type === 'ready' && event.boot === boot),
  );
  const originals = new Map<Seen, Seen>();
  const copied = [...(configured === undefined ? [] : [configured]), ...ofBoot, ...events].flatMap(
    (event): EvidenceEvent[] => {
      if (!('boot' in event)) return [event];
      // What is left of the boot before, which was stopped for this one to be struck.
      if (event.boot < boot) return [];
      const copy = withBoot(event, boot);
      originals.set(copy, event);
      return [copy];
    },
  );
  return {
    number,
    inWords: `step ${number} (${fault.name} at ${moment})`,
    drawn,
    fault,
    evidence: whole.partOf([begin, ...copied], temps),
    original: (seen) => (seen === begin ? scenario : (originals.get(seen) ?? seen)),
  };
}

/** The boot that had begun last. */
function startedBefore(evidence: CellEvidence, end: number): number {
  const begun = evidence.events.slice(0, end).findLast((event) => event.type === 'gate' && event.event.ev === 'start');
  return begun !== undefined && 'boot' in begun ? begun.boot : 1;
}

import type { CellEvidence } from '../evidence/cell-evidence.ts';

/** From and until, on the clock of the engine's machine, ms since 1970. */
type Span = readonly [number, number];

/**
 * How long a cell's system did what it would do without the lab too, in ms: its boots until it was ready, its setup, its turns without the time in which
 * the lab held them, its answers to what it holds, the stop that it was asked for, and how long it refused to boot (with the pauses of a restart policy
 * between). All else of a cell is the lab's: containers, snapshots, the hold, the fault, what is done to the stopped
 * state. `lab/bench/` measures the same boots and turns alone.
 * @returns undefined: it did not come to its end, or it is a scenario, whose requests are not all in the evidence
 */
export function systemTimeMs(evidence: CellEvidence): number | undefined {
  if (evidence.scenario !== undefined || evidence.of('end').length === 0) return undefined;
  const holds = holdsOf(evidence);
  const boots = evidence.of('ready').map(({ tookMs }) => tookMs);
  const turns = evidence.of('turn').map(({ result }) => without([result.tSent, result.tEnded], holds));
  const asked = [...evidence.of('setup'), ...evidence.of('answer'), ...evidence.of('store-check')];
  const answers = asked.map(({ tookMs = 0 }) => tookMs);
  return Math.round(
    [...boots, ...turns, ...answers, stopMs(evidence), ...refusals(evidence)].reduce((sum, ms) => sum + ms, 0),
  );
}

/** Each boot of the recovery that ended by itself before it was ready, until the next one began. */
function refusals(evidence: CellEvidence): number[] {
  const since = evidence.of('phase').find(({ name }) => name === 'recover')?.t ?? Number.POSITIVE_INFINITY;
  const begun = new Map(evidence.of('gate').flatMap(({ boot, t, event }) => (event.ev === 'start' ? [[boot, t]] : [])));
  const ready = new Set(evidence.of('ready').map(({ boot }) => boot));
  return evidence.of('stopped').flatMap(({ boot, byLab }) => {
    const [from, until] = [begun.get(boot), begun.get(boot + 1)];
    if (byLab || ready.has(boot) || from === undefined || until === undefined || from < since) return [];
    return [until - from];
  });
}

/** Each call that was held, until it was released; one that never was is held for good. */
function holdsOf(evidence: CellEvidence): Span[] {
  const events = evidence.of('gate').map(({ event }) => event);
  return events.flatMap((held): Span[] => {
    if (held.ev !== 'held') return [];
    const released = events.find((one) => one.ev === 'released' && one.id === held.id && one.seq > held.seq);
    return [[held.t, released?.t ?? Number.POSITIVE_INFINITY]];
  });
}

const without = ([from, until]: Span, holds: readonly Span[]): number =>
  holds.reduce(
    (left, [start, end]) => left - Math.max(0, Math.min(until, end) - Math.max(from, start)),
    Math.max(0, until - from),
  );

/** From the start of the phase that stops it until it had ended. */
function stopMs(evidence: CellEvidence): number {
  const begun = evidence.of('phase').find(({ name }) => name === 'boot again');
  if (begun === undefined) return 0;
  const stopped = evidence.of('stopped').find(({ t }) => t >= begun.t);
  return stopped === undefined ? 0 : stopped.t - begun.t;
}

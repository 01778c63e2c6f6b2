import { CellEvidence } from '../../evidence/cell-evidence.ts';
import type { EvidenceOf, Moment } from '../../evidence/event.ts';
import { held, inconclusive, violated } from '../../result/verdict.ts';
import { inSeconds } from '../in-words.ts';
import type { ScenarioCheck } from '../scenario.ts';
import { stepsOf } from '../struck-steps.ts';

const SLOWER_TIMES = 2;
const SLOWER_MS = 10_000;

/** Else the lab waited no longer. */
const ENDED = /^it ended/;
const SILENT = '(it said nothing)';

/** How long a boot may take after a stop, from how long an undisturbed one took: a machine is never equally fast twice. */
export const allowedMs = (undisturbedMs: number): number => SLOWER_TIMES * undisturbedMs + SLOWER_MS;

type Ready = EvidenceOf<'ready'>;
type NotReady = EvidenceOf<'not-ready'>;

/** What was seen of a stop in the middle of a boot, and of the boot after it. */
export interface StopInBoot {
  /** Whose the lease was when the stop came. */
  held: EvidenceOf<'lease'> | undefined;
  /** The same owner's, when its process had ended. */
  left: EvidenceOf<'lease'> | undefined;
  next: Ready | NotReady | undefined;
  /** How long the next one took until it was ready, or ended before, or was given up. */
  nextMs: number;
  /** Whose the lease was then. */
  after: EvidenceOf<'lease'> | undefined;
}

/** The boot that nothing disturbed: it comes before all steps. */
export function undisturbedBoot(evidence: CellEvidence): Ready | NotReady | undefined {
  return [...evidence.of('ready'), ...evidence.of('not-ready')].sort((a, b) => a.t - b.t)[0];
}

/** Each stop, one a step. */
export const stopsInBoot = (evidence: CellEvidence): StopInBoot[] =>
  stepsOf(evidence).map(({ events }) => {
    const struckAt = events.findIndex((event) => event.type === 'phase' && event.name === 'strike');
    const step = new CellEvidence(struckAt === -1 ? [] : events);
    const [next] = [...step.of('ready'), ...step.of('not-ready')].sort((a, b) => a.t - b.t);
    const began = step.of('gate').find(({ boot, event }) => boot === next?.boot && event.ev === 'start');
    const lease = (at: Moment) =>
      step.of('lease').findLast(({ moment, owner }) => moment === at && owner !== undefined);
    const held = lease('held');
    const left = lease('struck');
    return {
      held,
      left: left?.owner === held?.owner ? left : undefined,
      next,
      nextMs: next === undefined ? 0 : next.type === 'ready' ? next.tookMs : next.t - (began?.t ?? next.t),
      after: lease('booted'),
    };
  });

/** `good for 298 s more`. */
export const goodFor = ({ t, expiresAt }: EvidenceOf<'lease'>): string =>
  expiresAt === undefined ? 'with no time at which it would end' : `good for ${inSeconds(expiresAt - t)} more`;

export const bootsWithoutWaiting: ScenarioCheck = {
  id: 'boots',
  promise:
    'after a stop in the middle of its boot it is ready about as soon as undisturbed: it waits for no dead process',

  judge({ evidence, proof }) {
    const undisturbed = undisturbedBoot(evidence);
    if (undisturbed?.type !== 'ready')
      return inconclusive(`undisturbed, it is not ready either: ${undisturbed?.why ?? 'no boot was seen'}`);
    const stops = stopsInBoot(evidence).filter(({ next }) => next !== undefined);
    const last = stops.at(-1)?.next;
    if (last === undefined) return inconclusive('no boot was seen after the stop');
    const late = stops.filter(({ next, nextMs }) => next?.type !== 'ready' || nextMs > allowedMs(undisturbed.tookMs));
    const words = (some: readonly StopInBoot[]) =>
      `an undisturbed boot is ready after ${inSeconds(undisturbed.tookMs)}, the one after the stop ${some.map(inWords).join(', and again ')}`;
    if (late.length === 0) return held(proof, words(stops), last, undisturbed);
    const blamed = late.filter(({ next, left }) => next?.type !== 'ready' || left !== undefined);
    if (blamed.length === 0)
      return inconclusive(`${words(late)}, and the stop left nobody's lease: it may be the machine`);
    const lefts = blamed.flatMap(({ left }) => (left === undefined ? [] : [left]));
    const [lease] = lefts;
    const of = lease === undefined ? '' : `. The stop leaves ${lease.name} to a dead process, ${goodFor(lease)}`;
    const failed = blamed.flatMap(({ next }) => (next?.type === 'not-ready' ? [next] : []));
    const said = failed.find(({ lastLines }) => lastLines !== SILENT);
    const lines = said === undefined ? '' : `. Its last lines:\n  ${said.lastLines}`;
    const [first = last, ...others] = blamed.flatMap(({ next }) => (next === undefined ? [] : [next]));
    return violated(`${words(blamed)}${of}${lines}`, first, ...others, ...lefts, undisturbed);
  },
};

function inWords({ next, nextMs }: StopInBoot): string {
  if (next?.type === 'ready') return `after ${inSeconds(nextMs)}`;
  const why = next !== undefined && ENDED.test(next.why) ? `: ${next.why}` : '';
  return `was not after ${inSeconds(nextMs)}${why}`;
}

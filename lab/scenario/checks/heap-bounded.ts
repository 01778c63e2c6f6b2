import type { CellEvidence } from '../../evidence/cell-evidence.ts';
import { held, inconclusive, type Seen, violated } from '../../result/verdict.ts';
import { type Grown, growing, grownInWords, growthIn } from '../collections.ts';
import { fitLine, type Line } from '../fit.ts';
import { bytesInWords } from '../in-words.ts';
import { type Point, pointsOf } from '../points.ts';
import type { ScenarioCheck } from '../scenario.ts';

/** The series in which nothing is done; it is measured in hours. */
export const IDLE = 'idle';
/** What an entry in a Map takes at least, key included: where a collection gained an entry for each thing, less of the heap is no thing that was kept. */
const KEPT_BYTES = 40;
/** Where none did, more than this: a heap of 100 MB and more goes on warming up by kilobytes, whatever is done. */
const NAMELESS_BYTES = 8 * 1024;
/** What minutes can tell, and a third of the least that #63643 tells of. */
const KEPT_BYTES_AN_HOUR = 5e6;
const NAMES = 5;

export type HeapState = 'bounded' | 'grows' | 'unclear' | 'not-judged';

/** What stays of each thing of a series in the heap after a collection. */
export interface HeapLine {
  state: HeapState;
  line?: Line;
  says: string;
  seen: readonly Seen[];
}

/** @param series its x counts what was done; of `idle`, it is hours */
export function heapLine(evidence: CellEvidence, series: string): HeapLine {
  const points = pointsOf(evidence, series);
  const [first] = points;
  const last = points.at(-1);
  const line = fitLine(points.map(({ x, values, segment }) => ({ x, y: values.heapBytes ?? 0, segment })));
  if (line === undefined || first === undefined || last === undefined) {
    return {
      state: 'unclear',
      says: `${series}: only ${points.length} points were taken: too few for a line`,
      seen: [],
    };
  }
  const why = whyNotJudged(last);
  // Hours are no operations: what grows while idle has no entry for each.
  const grown = series === IDLE ? [] : growing(growthIn(evidence, series)?.collections ?? []);
  const says = `${why === undefined ? '' : `${why}: `}${inWords(series, line, last.x - first.x)}${inNames(grown)}`;
  return {
    state: why === undefined ? stateOf(series, line, grown.length > 0) : 'not-judged',
    line,
    says,
    seen: points.map((point) => point.seen),
  };
}

/** What is kept for a time, or the last so many of it, is no leak, and looks like one until then. */
function whyNotJudged({
  values: { waitedMs = 0, forgetsWithinMs = 0, done = 0, remembers = 0 },
}: Point): string | undefined {
  if (waitedMs < forgetsWithinMs) return 'not judged, as it keeps them for longer than this run';
  return done < remembers ? `not judged, as it keeps the last ${remembers}` : undefined;
}

/** @param isNamed a collection gained an entry for each: those are counted, and not estimated */
function stateOf(series: string, { slope, halfWidth }: Line, isNamed: boolean): HeapState {
  if (isNamed) return slope + halfWidth > KEPT_BYTES ? 'grows' : 'bounded';
  const kept = series === IDLE ? KEPT_BYTES_AN_HOUR : NAMELESS_BYTES;
  if (slope - halfWidth > kept) return 'grows';
  return slope + halfWidth > kept ? 'unclear' : 'bounded';
}

function inWords(series: string, { slope, halfWidth, points }: Line, over: number): string {
  if (series === IDLE)
    return `${series}: ${bytesInWords(slope)} of heap an hour (95 %: ±${bytesInWords(halfWidth)}, ${points} points over ${(over * 60).toFixed(1)} minutes)`;
  return `${series}: ${slope.toFixed(1)} bytes of heap each (95 %: ±${halfWidth.toFixed(1)}, ${points} points over ${over})`;
}

function inNames(grown: readonly Grown[]): string {
  const more = grown.length > NAMES ? `, and ${grown.length - NAMES} more` : '';
  return grown.length === 0 ? '' : `; grows: ${grown.slice(0, NAMES).map(grownInWords).join(', ')}${more}`;
}

export const heapBounded: ScenarioCheck = {
  id: 'heap-bounded',
  promise:
    'what it has done with is forgotten: the heap after a collection does not grow with the number of runs, connections or transcripts, nor with time',

  judge({ evidence, proof }) {
    const lines = [...new Set(pointsOf(evidence).map((point) => point.series))].map((series) =>
      heapLine(evidence, series),
    );
    const of = (...states: HeapState[]) => lines.filter(({ state }) => states.includes(state));
    const told = (some: readonly HeapLine[]) => some.map(({ says }) => says).join('; ');
    const [first, ...others] = of('grows').flatMap(({ seen }) => seen);
    if (first !== undefined) return violated(`leak: ${told(of('grows'))}`, first, ...others);
    if (of('unclear').length > 0) return inconclusive(`too wide to tell: ${told(of('unclear'))}`);
    if (of('bounded').length === 0) return inconclusive('no point was taken of anything that could be judged');
    return held(proof, told(of('bounded', 'not-judged')), ...of('bounded').flatMap(({ seen }) => seen));
  },
};

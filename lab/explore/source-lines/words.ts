import path from 'node:path';
import { several } from '../../plain.ts';
import type { Site } from './match.ts';
import type { SourceFrame, SourceLine, SourceLines } from './source-lines.ts';

/** `/opt/gateway/store-file.ts:41 (replaceStore)`. */
const frameInWords = ({ file, line, function: name }: SourceFrame): string =>
  `${file}:${line}${name === undefined ? '' : ` (${name})`}`;

/** Where a call was made, and from where that was called: `/opt/gateway/store-file.ts:41 (replaceStore), called from fold.ts:12 (fold)`. */
export function lineInWords({ frames }: Pick<SourceLine, 'frames'>): string {
  const [first, ...others] = frames;
  if (first === undefined) return '';
  // Of its own file a function is called by another of them: the next file says who wanted it.
  const caller = others.find(({ file }) => file !== first.file) ?? others[0];
  if (caller === undefined) return frameInWords(first);
  const isNear = path.posix.dirname(caller.file) === path.posix.dirname(first.file);
  const shown = isNear ? { ...caller, file: path.posix.basename(caller.file) } : caller;
  return `${frameInWords(first)}, called from ${frameInWords(shown)}`;
}

/** The lines of some calls, by their numbers from 1. */
export function linesOf(lines: SourceLines | undefined, calls: readonly number[] = []): SourceLine[] {
  return lines === undefined ? [] : lines.calls.filter(({ call }) => calls.includes(call));
}

/** What the second recording cost, and how much of the record has a line. */
export function sourceLinesInWords({ calls, without, tookMs, turnsMs }: SourceLines): string {
  const slower =
    turnsMs === undefined || turnsMs.record === 0
      ? ''
      : `; its turns took ${(turnsMs.withNotes / turnsMs.record).toFixed(2)} × as long`;
  return `Source lines: of ${calls.length} of ${several(calls.length + without, 'call')}, from a second recording of ${(tookMs / 1000).toFixed(1)} s${slower}.`;
}

const WHY: Readonly<Record<Extract<Site, string>, string>> = {
  'not-noted':
    'made by no function that is noted (native code, a process whose standard error is not the container’s, a shared mapping)',
  several: 'made while functions of different lines were under way that make such calls',
  differs: 'not alike in the second recording: it does something else there, or in another order',
};

/** Why calls have no line, with how many they are. */
export function reasonsOf(sites: readonly Site[]): string[] {
  return Object.entries(WHY).flatMap(([why, words]) => {
    const count = sites.filter((site) => site === why).length;
    return count === 0 ? [] : [`${several(count, 'call')} ${count === 1 ? 'has' : 'have'} no line: ${words}`];
  });
}

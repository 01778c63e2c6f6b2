import { differs, linesOf, patternOfLine, shown } from '../answers.ts';
import type { Answers } from '../system.ts';

/*
 * The oracle for several writes at once. In which order they come out is chance, and so is how many of those that were not acknowledged are there: the
 * answer is not compared with one template. Each of its lines must be one that an undisturbed answer has, with any of the writes in the place of another
 * and numbers left out (an index, a count), and what the writes do not change must be there.
 */

/** The text of a write that was struck, or of one that was observed: which one of them, chance decides. Or a number. */
const OPEN = /midwrite-(?:struck|crowd)(?:-\d)?x*(?![\w-])|\d+/g;
const WRITE = '\u2039write\u203a';

/** A text that is filled up is as long as any other: one that is shorter is a part of it, and stays another text. */
const leftOpen = (text: string): string =>
  text.replaceAll(OPEN, (found) => (/^\d/.test(found) ? '#' : `${WRITE}${found.endsWith('x') ? found.length : ''}`));

/** A line of a template, as a pattern and as a text to compare lines with. */
function lineOf(words: readonly (string | null)[]): { pattern: RegExp; text: string } {
  const open = words.map((word) => (word === null ? null : leftOpen(word)));
  return { pattern: patternOfLine(open), text: shown(open) };
}

/** What of an answer is of none of the writes, or is gone with them; undefined: nothing. */
export function notOfSeveral({ before, after, several }: Answers, answer: string): string | undefined {
  const lines = linesOf(answer).lines.map(leftOpen);
  const [old, now] = [before.lines.map(lineOf), after.lines.map(lineOf)];
  const strange = lines.find((line) => ![...old, ...now].some(({ pattern }) => pattern.test(line)));
  if (strange !== undefined) return `it has "${strange}", which no whole write leaves`;
  if (several === 'last' && !lines.some((line) => line.includes(WRITE)) && differs(before, answer) !== undefined)
    return 'it has neither the value before the writes nor one of theirs';
  const kept = old.filter(({ text }) => !text.includes(WRITE) && now.some((line) => line.text === text));
  const gone = kept.find(({ pattern }) => !lines.some((line) => pattern.test(line)));
  return gone === undefined ? undefined : `it lacks "${gone.text}", which was there before them`;
}

/**
 * A write that was acknowledged, and of which nothing is there.
 * @param several what writes at once leave: each of them, or the last one alone, which may be any of them
 */
export function lostOfSeveral<Write extends { name: string; text: string }>(
  several: NonNullable<Answers['several']>,
  acknowledged: readonly Write[],
  answer: string,
): Write | undefined {
  if (several === 'all') return acknowledged.find(({ text }) => !answer.includes(text));
  const struck = acknowledged.filter(({ name }) => name.startsWith('struck'));
  const [any] = struck.length > 0 ? struck : acknowledged;
  if (any === undefined) return undefined;
  const isStruckThere = leftOpen(answer).includes(WRITE);
  return isStruckThere || (struck.length === 0 && answer.includes(any.text)) ? undefined : any;
}

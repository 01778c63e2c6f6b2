import type { Answers } from '../system.ts';
import { differs, linesOf } from './answers.ts';

/*
 * The oracle for several writes at once. In which order they come out is chance, and so is how many of those that were not acknowledged are there: the
 * answer is not compared with one template. Each of its lines must be one that an undisturbed answer has, with any of the writes in the place of another
 * and numbers left out (an index, a count), and what the writes do not change must be there.
 */

/** The text of a write that was struck, or of one that was observed: which one of them, chance decides. */
const ANY_WRITE = /midwrite-(?:struck|crowd)(?:-\d)?(?![\w-])(?:x+)?/g;
const WRITE = '\u2039write\u203a';

const leftOpen = (text: string): string => text.replaceAll(ANY_WRITE, WRITE).replaceAll(/\d+/g, '#');

/** A line of a template, as a pattern and as a text to compare lines with. */
function lineOf(words: readonly (string | null)[]): { pattern: RegExp; text: string } {
  const parts = words.map((word) => (word === null ? null : leftOpen(word)));
  const pattern = parts
    .map((word) => (word === null ? '.*' : word.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')))
    .join('');
  return { pattern: new RegExp(`^${pattern}$`, 'su'), text: parts.map((word) => word ?? '\u2026').join('') };
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
  const isStruckThere = [...answer.matchAll(ANY_WRITE)].length > 0;
  return isStruckThere || (struck.length === 0 && answer.includes(any.text)) ? undefined : any;
}

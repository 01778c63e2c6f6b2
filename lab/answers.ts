import { diffArrays } from 'diff';

/**
 * What a system's answer to `read` looks like in a state that is known, learned from several undisturbed looks at that state. What differed between the
 * looks (ids, times, counters) is masked. Plain data: it stands in the evidence, so that a cell is judged without the system's definition.
 */
export interface AnswerTemplate {
  /** JSON is compared value by value (`$.posts[0].title = "x"`), other text line by line. */
  format: 'json' | 'text';
  /** Words in order; null: anything may stand there. */
  lines: (string | null)[][];
  /** The same lines came in another order from look to look. */
  anyOrder?: true;
}

/** What two looks at the same state differ in, where that is more than words within lines. */
export interface Unlike {
  missing: string[];
  added: string[];
}

const LINES_MAX = 20_000;

/** Times and durations, which a state does not decide: a day, a time of day, seconds or ms since 1970, `12s`, `3.4 ms`. */
const TIMES = [
  /\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?/g,
  /\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? (?:\d{1,2} )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[ \d:]*(?:GMT|UTC|[+-]\d{4})?/g,
  /\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b/g,
  /\b1[5-9]\d{8}(?:\.\d+|\d{3})?\b/g,
  /\b20\d{12,15}\b/g,
  /\b\d{8}T\d{6}Z?\b/g,
  /\b\d+(?:\.\d+)? ?(?:ms|s|sec|secs|seconds?|min|mins|minutes?|h|hours?|d|days?)(?: ago)?\b/g,
];
const TIME = '\u2039time\u203a';

/** The lines of an answer, times masked. */
export function linesOf(answer: string): { format: AnswerTemplate['format']; lines: string[] } {
  const json = parse(answer);
  const lines = json === undefined ? answer.split(/\r?\n/) : flatten(json);
  const masked = lines
    .slice(0, LINES_MAX)
    .map((line) => TIMES.reduce((text, pattern) => text.replaceAll(pattern, TIME), line))
    // The width of a table is the width of what is in it, ages too.
    .map((line) =>
      line
        .replaceAll(/([-=_*─━═])\1+/g, '$1$1')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    );
  return {
    format: json === undefined ? 'text' : 'json',
    lines: json === undefined ? masked.filter((line) => line !== '') : masked,
  };
}

/** Objects and arrays only: a lone number or word is text. */
function parse(answer: string): object | undefined {
  try {
    const json: unknown = JSON.parse(answer);
    return typeof json === 'object' && json !== null ? json : undefined;
  } catch {
    return undefined;
  }
}

function flatten(value: unknown, path = '$'): string[] {
  if (typeof value !== 'object' || value === null) return [`${path} = ${JSON.stringify(value)}`];
  const entries = Array.isArray(value)
    ? value.map((item, index) => flatten(item, `${path}[${index}]`))
    : Object.entries(value).map(([name, item]) => flatten(item, `${path}.${name}`));
  return entries.length === 0 ? [`${path} = ${Array.isArray(value) ? '[]' : '{}'}`] : entries.flat();
}

/** Words, and each sign that stands between them. Ids and hashes are one word. */
const wordsOf = (line: string): string[] => line.match(/[\p{L}\p{N}_.+@~-]+|[^\p{L}\p{N}_.+@~-]/gu) ?? [];

/**
 * Learns a template from looks at one state.
 * @param looks at least one answer
 * @returns what they differ in, where that is more than words: then the answers can't be compared
 */
export function learnAnswer(looks: readonly string[]): AnswerTemplate | Unlike {
  const [first, ...more] = looks.map(linesOf);
  if (first === undefined) throw new Error('a template needs an answer to learn from');
  let template: AnswerTemplate = { format: first.format, lines: first.lines.map(wordsOf) };
  for (const look of more) {
    if (look.format !== template.format) return { missing: first.lines.slice(0, 3), added: look.lines.slice(0, 3) };
    const next = generalise(template, look.lines);
    if (next === undefined) return unlike(template, look.lines);
    template = next;
  }
  return template;
}

/** Answers of one `read`, learned apart: where the lines of one came in another order, those of the other may, too. Two lines often do not, by chance. */
export function inOneOrder<const Templates extends readonly AnswerTemplate[]>(templates: Templates): Templates {
  if (templates.every(({ anyOrder }) => anyOrder !== true)) return templates;
  return templates.map((template) => ({ ...template, anyOrder: true as const })) as unknown as Templates;
}

export const isTemplate = (learned: AnswerTemplate | Unlike): learned is AnswerTemplate => 'format' in learned;

function generalise(template: AnswerTemplate, lines: readonly string[]): AnswerTemplate | undefined {
  if (template.lines.length !== lines.length) return undefined;
  // The same lines in another order are no new words.
  if (template.anyOrder === true || mismatch({ ...template, anyOrder: true }, lines) === undefined) {
    if (mismatch(template, lines) === undefined) return template;
    const shuffled = { ...template, anyOrder: true as const };
    return mismatch(shuffled, lines) === undefined ? shuffled : undefined;
  }
  return { ...template, lines: template.lines.map((line, index) => generaliseLine(line, lines[index] ?? '')) };
}

/** Words that both have, in order; what stands between them may be anything. */
function generaliseLine(line: readonly (string | null)[], seen: string): (string | null)[] {
  const merged: (string | null)[] = [];
  for (const part of diffArrays<string | null>([...line], wordsOf(seen))) {
    if (part.added !== true && part.removed !== true) merged.push(...part.value);
    else if (merged.at(-1) !== null) merged.push(null);
  }
  return merged;
}

/** What a line must look like to be a template's. */
export function patternOfLine(line: readonly (string | null)[]): RegExp {
  const escaped = line.map((word) => (word === null ? '.*' : word.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')));
  return new RegExp(`^${escaped.join('')}$`, 'su');
}

/** A template's line for a person. */
export const shown = (line: readonly (string | null)[]): string => line.map((word) => word ?? '\u2026').join('');

/** What keeps an answer's lines from fitting a template; undefined: nothing does. */
function mismatch(template: AnswerTemplate, lines: readonly string[]): Unlike | undefined {
  const patterns = template.lines.map(patternOfLine);
  if (template.anyOrder !== true && patterns.length === lines.length) {
    if (patterns.every((pattern, index) => pattern.test(lines[index] ?? ''))) return undefined;
  }
  // The most particular first, so that a mask does not take a line that another pattern needs.
  const order = patterns
    .map((pattern, index) => ({ pattern, line: template.lines[index] ?? [] }))
    .sort((a, b) => b.line.filter((word) => word !== null).length - a.line.filter((word) => word !== null).length);
  const left = [...lines];
  const missing: string[] = [];
  for (const { pattern, line } of order) {
    const found = left.findIndex((text) => pattern.test(text));
    if (found === -1) missing.push(shown(line));
    else left.splice(found, 1);
  }
  if (template.anyOrder === true && missing.length === 0 && left.length === 0) return undefined;
  return { missing, added: left };
}

function unlike(template: AnswerTemplate, lines: readonly string[]): Unlike {
  return mismatch({ ...template, anyOrder: true }, lines) ?? { missing: [], added: [] };
}

/**
 * Whether an answer is the one that a template stands for.
 * @returns undefined where it is, else what it lacks and what it has too much
 */
export function differs(template: AnswerTemplate, answer: string): Unlike | undefined {
  const { format, lines } = linesOf(answer);
  if (format !== template.format && !(template.lines.length === 0 && lines.length === 0))
    return { missing: template.lines.slice(0, 3).map(shown), added: lines.slice(0, 3) };
  return mismatch(template, lines);
}

const SHOWN_LINES = 3;
const SHOWN_LENGTH = 80;

/** `it lacks "a", "b"; it has "c"` */
export function unlikeInWords({ missing, added }: Unlike): string {
  const some = (lines: readonly string[]) =>
    lines
      .slice(0, SHOWN_LINES)
      .map((line) => (line.length > SHOWN_LENGTH ? `"${line.slice(0, SHOWN_LENGTH)}…"` : `"${line}"`))
      .join(', ') + (lines.length > SHOWN_LINES ? ` and ${lines.length - SHOWN_LINES} more` : '');
  const parts = [
    ...(missing.length === 0 ? [] : [`it lacks ${some(missing)}`]),
    ...(added.length === 0 ? [] : [`it has ${some(added)}`]),
  ];
  return parts.length === 0 ? 'its lines are in another order' : parts.join('; ');
}

import type { CellRow, ExplorationRow } from './lab-process.ts';

interface Matched {
  pass: boolean;
  message(): string;
}

const sign = { held: '✓', violated: '✗', missed: '○', inconclusive: '?', 'not-applicable': '–' } as const;

/** What was promised, what happened, and how to see it again. */
export function failureOf(row: CellRow, again = row.reproduce): string {
  const where = `${row.system}@${row.version}, ${row.place ?? row.crashPoint}, struck by ${row.fault}`;
  if (row.verdict !== 'violated')
    return `${where}: ${row.verdict}, so nothing is proven: ${row.detail}\n  again: ${again}`;
  const broken = row.checks.filter((check) => check.verdict === 'violated' && check.issue === undefined);
  const lines = broken.flatMap(({ id, detail }) => [
    `  promised (${id}): ${row.promises[id] ?? id}`,
    `  happened: ${detail}`,
  ]);
  return [where, ...lines, `  again: ${again}`].join('\n');
}

const statesOf = (row: CellRow): string =>
  row.checks.map(({ id, verdict, detail }) => `  ${sign[verdict]} ${id}: ${detail}`).join('\n');

/** What an exploration found that is not known, with the commands that show it. */
export function explorationFailure(row: ExplorationRow): string {
  const where = `${row.system}@${row.version}, every crash point of ${row.exploration}`;
  const known = new Set(row.checks.flatMap(({ id, issue }) => (issue === undefined ? [] : [id])));
  const found = row.findings.filter(({ check, promised }) => promised && !known.has(check));
  if (found.length === 0)
    return `${where}: ${row.verdict}, so not all is proven: ${row.detail}\n  again: ${row.reproduce}`;
  const lines = found.flatMap(({ check, model, cause, detail, reproduce }) => [
    `  ${sign.violated} ${check} (${model}): ${cause}`,
    `    ${detail}`,
    `    again: ${reproduce}`,
  ]);
  return [where, ...lines].join('\n');
}

/** For cells of one's own. */
export const matchers = {
  /** Every promise that applies was kept, or what was broken is a known finding. */
  toHold(row: CellRow, again?: string): Matched {
    const pass = row.expected && row.verdict !== 'missed' && row.verdict !== 'inconclusive';
    return { pass, message: () => (pass ? `${row.id} holds:\n${statesOf(row)}` : failureOf(row, again)) };
  },

  /** This promise was kept. */
  toKeep(row: CellRow, check: string): Matched {
    const found = row.checks.find(({ id }) => id === check);
    const pass = found?.verdict === 'held';
    return { pass, message: () => messageOf(row, check, found) };
  },

  /** This promise was broken. */
  toBreak(row: CellRow, check: string): Matched {
    const found = row.checks.find(({ id }) => id === check);
    const pass = found?.verdict === 'violated';
    return { pass, message: () => messageOf(row, check, found) };
  },
};

function messageOf(row: CellRow, check: string, found: CellRow['checks'][number] | undefined): string {
  if (found === undefined) return `there is no check "${check}": ${row.checks.map(({ id }) => id).join(', ')}`;
  return `${row.id}: ${found.id} is ${found.verdict}: ${found.detail}`;
}

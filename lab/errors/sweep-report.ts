import { markdownTable } from 'markdown-table';
import { markdownText, plain } from '../plain.ts';
import type { MatrixRow } from '../result/matrix.ts';
import type { Call, Case } from './cases.ts';
import { DIFFERS, type Fate, NOT_RUN } from './fate.ts';

/** The version of errors.json. */
export const SWEEP_SCHEMA_VERSION = 1;

/** The same mistake at several calls. */
export interface ErrorFinding {
  check: string;
  /** What the check said first, of the smallest call. */
  detail: string;
  at: { call: number; fault: string; cell: string }[];
  reproduce: string;
}

/** What a sweep of errors came to: errors.json. */
export interface Sweep {
  schemaVersion: typeof SWEEP_SCHEMA_VERSION;
  system: string;
  version: string;
  calls: { call: number; op: string; file: string; to?: string }[];
  faults: { name: string; how: string; summary: string }[];
  /** How many runs there were, and for how many cases another one stands. */
  runs: number;
  represented: number;
  fates: Fate[];
  findings: ErrorFinding[];
  outcome: { kind: string; reasons: string[] };
  tookMs: number;
}

/** What differs from call to call is not what a mistake is about. */
const causeOf = (check: string, detail: string): string =>
  `${check} ${detail.replaceAll(/"[^"]*"/g, '"…"').replaceAll(/[0-9a-f]{8,}|\d+/g, 'N')}`;

/** Findings by cause, the one at most calls first. */
export function findingsOf(rows: readonly { row: MatrixRow; one: Case }[]): ErrorFinding[] {
  const all = rows.flatMap(({ row, one }) =>
    row.checks
      .filter((check) => check.verdict === 'violated')
      .map((check) => ({ row, one, check, cause: causeOf(check.id, check.detail) })),
  );
  return [...Map.groupBy(all, ({ cause }) => cause).values()]
    .map((same): ErrorFinding => {
      const [first] = same;
      if (first === undefined) throw new Error('a group has a first one');
      return {
        check: first.check.id,
        detail: first.check.detail,
        at: same.map(({ one, row }) => ({ call: one.call.number, fault: one.fault.name, cell: row.id })),
        reproduce: first.row.reproduce,
      };
    })
    .toSorted((a, b) => b.at.length - a.at.length);
}

const callInWords = ({ op, file, to }: Pick<Call, 'op' | 'file'> & { to?: string }): string =>
  `${op} ${file}${to === undefined ? '' : ` -> ${to}`}`;

const SIGNS: Readonly<Record<string, string>> = {
  violated: '✗',
  missed: '○',
  inconclusive: '?',
  [NOT_RUN]: '…',
  [DIFFERS]: '?',
};
const box = (fate: Fate | undefined): string => {
  if (fate === undefined) return '–';
  const what = fate.violated.length > 0 ? fate.violated.join(', ') : fate.fate;
  return `${SIGNS[fate.fate] ?? '✓'} ${what}${fate.sameAs === undefined ? '' : ` (as ${fate.sameAs})`}`;
};

function counts({ calls, runs, represented, fates, tookMs }: Sweep): string {
  const same =
    represented === 0
      ? ''
      : `; for ${represented} more others stand: two around it, of the same kind and file, after the same call, that came to the same`;
  const unknown = fates.filter(({ fate }) => fate === DIFFERS).length;
  const differ =
    unknown === 0
      ? ''
      : `; ${unknown} more are not known, because those two came to different ends: --resume looks closer`;
  return `${calls.length} calls, ${runs} ${runs === 1 ? 'run' : 'runs'}${same}${differ}; ${(tookMs / 1000).toFixed(0)} s.`;
}

/** Where the system tried again and again while the error lasted. */
function loopsOf({ fates }: Sweep): string[] {
  return fates.flatMap(({ call, fault, loopPerSecond, sameAs }) =>
    loopPerSecond === undefined || sameAs !== undefined
      ? []
      : [`Call ${call} (${fault}): it tried without a pause while the error lasted, ${loopPerSecond} calls a second.`],
  );
}

/** What was not run is not said to hold. */
function noFinding({ fates }: Sweep): string {
  const left = fates.filter(({ fate }) => fate === NOT_RUN || fate === DIFFERS).length;
  if (left === 0) return 'No error breaks a promise.';
  return `No error that was tried breaks a promise; of ${left} ${left === 1 ? 'case' : 'cases'} nothing is known. \`npx midwrite explore --resume\` with this folder goes on.`;
}

/** For a person at a terminal. */
export function sweepInWords(sweep: Sweep): string {
  const { findings, fates, outcome } = sweep;
  const own = fates.filter(({ sameAs }) => sameAs === undefined);
  const number = (fate: string) => own.filter((one) => one.fate === fate).length;
  const kinds = [...new Set(own.map((one) => one.fate))].map((fate) => `${number(fate)} ${fate}`);
  return [
    `${sweep.system}@${sweep.version}, every call of one write × every error that it can return`,
    counts(sweep),
    `What became of the write: ${kinds.join(', ')}.`,
    '',
    ...findings.flatMap((one) => [
      `✗ ${one.check}: ${plain(one.detail)}`,
      `    ${one.at.length} ${one.at.length === 1 ? 'run' : 'runs'}: ${one.at
        .slice(0, 6)
        .map(({ call, fault }) => `call ${call} ${fault}`)
        .join(', ')}${one.at.length > 6 ? ', …' : ''}; again: ${one.reproduce}`,
    ]),
    ...(findings.length === 0 ? [noFinding(sweep)] : []),
    ...loopsOf(sweep),
    ...(outcome.kind === 'unsound'
      ? ['', 'It proves less than everything:', ...outcome.reasons.slice(0, 10).map((one) => `  - ${plain(one)}`)]
      : []),
  ].join('\n');
}

/** As a page: the findings, and the map of the write with what each error made of it. */
export function sweepReport(sweep: Sweep): string {
  const { calls, faults, fates, findings } = sweep;
  const table = markdownTable([
    ['', 'call', ...faults.map(({ name }) => name)],
    ...calls.map((call) => [
      String(call.call),
      markdownText(callInWords(call)),
      ...faults.map(({ name }) => box(fates.find((one) => one.call === call.call && one.fault === name))),
    ]),
  ]);
  return `${[
    `# ${markdownText(`${sweep.system}@${sweep.version}`)}: every call of one write, and every error that it can return`,
    `**${sweep.outcome.kind}**. ${counts(sweep)}`,
    ...(sweep.outcome.reasons.length === 0
      ? []
      : [sweep.outcome.reasons.map((one) => `- ${markdownText(one)}`).join('\n')]),
    '## Findings',
    ...(findings.length === 0
      ? [noFinding(sweep)]
      : findings.map((one) =>
          [
            `### ${one.check}`,
            markdownText(one.detail),
            `At ${one.at.map(({ call, fault }) => `call ${call} (${fault})`).join(', ')}.`,
            `\`${one.reproduce}\``,
          ].join('\n\n'),
        )),
    ...loopsOf(sweep),
    '## The write, call by call',
    '`refused`: it said that the write failed, and worked again. `succeeded`: the write is there in spite of the error. `–`: the call can’t return that error.',
    table,
    '## The errors',
    faults.map(({ name, how, summary }) => `- \`${name}\` (${how}): ${markdownText(summary)}`).join('\n'),
  ].join('\n\n')}\n`;
}

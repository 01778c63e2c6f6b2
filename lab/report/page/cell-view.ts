import { faults } from '../../../faults/index.ts';
import { formatSize } from '../../cell-id.ts';
import { checks as allChecks } from '../../checks/index.ts';
import { crashPoints } from '../../crash-point/write-shape.ts';
import type { CellEvidence } from '../../evidence/cell-evidence.ts';
import { isScenario, type MatrixRow } from '../../result/matrix.ts';
import { scenarios } from '../../scenarios/index.ts';
import { type EvidenceLine, evidenceLine } from './evidence-line.ts';
import { type FolderDiff, folderDiff, type StoreDiff, storeDiffs } from './folder-diff.ts';
import { type State, stateOf, stateOfCheck } from './state.ts';
import { type Call, closeUp, type Timeline, timeline } from './timeline.ts';
import { cut } from './units.ts';

/** What a cell's page shows: a bounded extract of its evidence, and where the whole of it lies. */
export interface CellView {
  row: MatrixRow;
  state: State;
  /** `openclaw@2026.5.28`. */
  release: string;
  /** Crash point and fault, or the scenario. */
  where: string;
  /** Memory limit, aftermath, role: what else the cell is. */
  circumstances: string[];
  promised: string;
  happened: string;
  /** Below the run's folder. */
  evidenceFile: string;
  checks: CheckView[];
  timeline: Timeline | undefined;
  closeUp: { fromMs: number; toMs: number } | undefined;
  /** Calls on the store around the hold, and every removal after it. */
  calls: { list: Call[]; of: number; heldAtMs: number | undefined };
  folder: FolderDiff | undefined;
  store: StoreDiff[];
  log: LogView;
  /** What staging had to replace. */
  notes: string[];
}

export interface CheckView {
  id: string;
  state: State;
  /** What could have broken the promise; null: nothing that was seen could. Undefined: nobody says. */
  exercised: string | null | undefined;
  promise: string;
  detail: string;
  issue: string | undefined;
  lines: EvidenceLine[];
  /** Lines that it rests on and that are not shown. */
  moreLines: number;
}

export interface LogView {
  lines: { boot: number; atMs: number; text: string }[];
  /** Index of the first line after those that were left out. */
  gapAt: number;
  leftOut: number;
}

const MOST_LINES_OF_CHECK = 4;
const MOST_CALLS = 48;
const LOG_START = 30;
const LOG_END = 90;
const MOST_LOG_LINE = 300;

/** @param shard of a merged run: the one that the row ran in */
export function cellView(row: MatrixRow, evidence: CellEvidence | undefined, shard?: number): CellView {
  const times = evidence === undefined ? undefined : timeline(evidence);
  const folder = evidence === undefined ? undefined : folderDiff(evidence);
  const checks = row.checks.map((check) => checkView(row, check, evidence));
  return {
    row,
    state: stateOf(row),
    release: `${row.system}@${row.version}`,
    where: isScenario(row) ? row.scenario : `${row.crashPoint} × ${row.fault}`,
    circumstances: [...circumstances(row), ...(shard === undefined ? [] : [`shard ${shard}`])],
    ...inASentence(row, checks),
    evidenceFile: `cells/${row.id}/evidence.jsonl`,
    checks,
    timeline: times,
    closeUp: times === undefined || isScenario(row) ? undefined : closeUp(times),
    calls: callsToShow(times),
    folder,
    store: evidence === undefined || folder === undefined ? [] : storeDiffs(evidence, folder.moments),
    log: logView(evidence),
    notes: evidence?.scenario?.notes ?? (evidence === undefined || isScenario(row) ? [] : evidence.cell.notes),
  };
}

function circumstances(row: MatrixRow): string[] {
  const parts = [`memory limit ${formatSize(row.memoryBytes)}`];
  if (isScenario(row)) return row.isQuick ? [...parts, 'quick: fewer points'] : parts;
  if (row.aftermath !== 'aged') parts.push(row.aftermath);
  if (row.role !== 'cell') parts.push(row.role);
  return parts;
}

/** The promise as it is in this midwrite's index; a check of an older one has none. */
function promiseOf(row: MatrixRow, id: string): string {
  const known = isScenario(row) ? (scenarios.find((one) => one.name === row.scenario)?.checks ?? []) : allChecks;
  return known.find((check) => check.id === id)?.promise ?? '';
}

function checkView(row: MatrixRow, check: MatrixRow['checks'][number], evidence: CellEvidence | undefined): CheckView {
  const shown = check.lines.slice(0, MOST_LINES_OF_CHECK);
  return {
    id: check.id,
    state: stateOfCheck(row, check),
    exercised: check.exercised === null ? null : check.exercised?.by,
    promise: promiseOf(row, check.id),
    detail: check.detail,
    issue: check.issue,
    lines: evidence === undefined ? [] : shown.flatMap((line) => evidenceLine(evidence, line) ?? []),
    moreLines: check.lines.length - shown.length,
  };
}

/** What was promised and what happened: the heaviest finding, or all of it where there is none. */
function inASentence(row: MatrixRow, checks: readonly CheckView[]): { promised: string; happened: string } {
  const applies = checks.filter((check) => check.state !== 'not-applicable');
  const [finding, ...others] = (['new', 'known', 'caught'] as const).flatMap((state) =>
    checks.filter((check) => check.state === state),
  );
  const all = `${applies.length} ${applies.length === 1 ? 'promise' : 'promises'} (${applies.map((check) => check.id).join(', ')})`;
  switch (row.verdict) {
    case 'violated': {
      const more = others.length === 0 ? '' : `; ${others.map((check) => check.id).join(', ')} violated as well`;
      return { promised: finding?.promise ?? all, happened: `${finding?.detail ?? row.detail}${more}` };
    }
    case 'held':
      return { promised: all, happened: `${isScenario(row) ? row.detail : struck(row)}; every one was kept` };
    case 'missed':
      return { promised: all, happened: `the fault did not land, so nothing is proven: ${row.detail}` };
    case 'inconclusive': {
      const unknown = checks.find((check) => check.state === 'inconclusive');
      return { promised: all, happened: `too little is known to say: ${unknown?.detail ?? row.detail}` };
    }
    case 'not-applicable':
      return { promised: 'nothing that applies here', happened: row.detail };
  }
}

function struck(row: Extract<MatrixRow, { crashPoint: string }>): string {
  const fault = faults.find((one) => one.name === row.fault);
  if (fault?.isControl) return `nothing was injected at ${row.crashPoint}`;
  if (fault?.lethal === false) return `${row.fault} at ${row.crashPoint}, which it lived through`;
  const left = crashPoints.find((point) => point.name === row.crashPoint)?.leaves;
  return `${row.fault} at ${row.crashPoint}${left === undefined ? '' : `, which leaves ${left}`}`;
}

/** The last ones before the hold and the first ones after it, and each removal: those are what a verdict is about. */
function callsToShow(times: Timeline | undefined): CellView['calls'] {
  const all = (times?.calls ?? []).filter((call) => call.onStore);
  const heldAtMs = times?.holds[0]?.fromMs;
  if (heldAtMs === undefined) return { list: all.slice(-MOST_CALLS), of: all.length, heldAtMs };
  const before = all.filter((call) => call.atMs <= heldAtMs).slice(-MOST_CALLS / 2);
  const after = all.filter((call) => call.atMs > heldAtMs);
  const removals = after.filter((call) => call.kind === 'unlink').slice(0, MOST_CALLS / 4);
  const next = after.filter((call) => !removals.includes(call)).slice(0, MOST_CALLS / 4);
  const list = [...before, ...removals, ...next].sort((a, b) => a.line - b.line);
  return { list, of: all.length, heldAtMs };
}

function logView(evidence: CellEvidence | undefined): LogView {
  const start = evidence?.events[0]?.t ?? 0;
  const all = (evidence?.of('log') ?? []).map(({ boot, t, line }) => ({
    boot,
    atMs: t - start,
    text: cut(line, MOST_LOG_LINE),
  }));
  const leftOut = Math.max(0, all.length - LOG_START - LOG_END);
  if (leftOut === 0) return { lines: all, gapAt: all.length, leftOut };
  return { lines: [...all.slice(0, LOG_START), ...all.slice(-LOG_END)], gapAt: LOG_START, leftOut };
}

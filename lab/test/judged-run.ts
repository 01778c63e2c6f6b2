import { createHash } from 'node:crypto';
import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { EvidenceEvent } from '../evidence/event.ts';
import { compare, type Expectation } from '../judge/expectations.ts';
import { judge } from '../judge/judge.ts';
import type { Report } from '../report/reporter.ts';
import { MATRIX_SCHEMA_VERSION, type MatrixRow, MatrixScenario, outcomeOf } from '../result/matrix.ts';
import { type EvidenceBuilder, JOURNAL, killed, STORE, slept, storeOf, TEMP } from './healthy-cell.ts';

/** Runs for tests of reports: evidence of the builders, judged by the judge itself. */

export interface JudgedCell {
  evidence: CellEvidence;
  row: MatrixRow;
}

export interface CellOptions {
  system?: string;
  version?: string;
  crashPoint?: string;
  role?: MatrixRow['role'];
  /** Checks that a known finding names. */
  known?: readonly string[];
}

export function judged(build: EvidenceBuilder, options: CellOptions = {}): JudgedCell {
  const evidence = build.done();
  const { system, version, crashPoint, fault, aftermath, memoryBytes } = { ...evidence.cell, ...options };
  const cell = { system, version, crashPoint, fault, aftermath, memoryBytes };
  const expectations: Expectation[] = (options.known ?? []).map((check) => ({
    versions: '*',
    crashPoint: '*',
    fault: '*',
    aftermath: '*',
    checks: [check],
    issue: 'https://github.com/example/system/issues/1',
    note: '',
  }));
  const result = judge(evidence);
  const { expected, checks } = compare(cell, result, expectations, undefined);
  const id = `${system}@${version}_${crashPoint}_${fault}_192m`;
  const { verdict, detail, durationMs } = result;
  const reproduce = `npx midwrite run --cell ${id}`;
  const row = { ...cell, id, role: options.role ?? 'cell', verdict, expected, detail, durationMs, checks, reproduce };
  return { evidence, row };
}

/** @param more rows without evidence */
export function judgedRun(cells: readonly JudgedCell[], more: readonly MatrixRow[] = [], id = 'a-run'): Report {
  const rows = [...cells.map((cell) => cell.row), ...more];
  const evidence = new Map(cells.map((cell) => [cell.row.id, cell.evidence]));
  return {
    matrix: {
      schemaVersion: MATRIX_SCHEMA_VERSION,
      run: {
        id,
        startedAt: '2026-05-28T12:00:00.000Z',
        engine: 'Docker Engine 27.0 on a machine',
        kernel: '6.18.0',
        cgroupVersion: 2,
        midwriteVersion: '0.1.0',
        durationMs: 161_000,
      },
      outcome: outcomeOf(rows),
      stale: [],
      cells: rows,
      explorations: [],
    },
    failOn: 'unexpected',
    evidenceOf: async (row) => evidence.get(row.id),
    explorationOf: async () => undefined,
  };
}

/** The healthy cell with its temp, or another one of that name's form, left behind by both boots. */
export function orphaned(name = TEMP): EvidenceBuilder {
  const build = killed();
  build.events = build.events.flatMap((event): EvidenceEvent[] => {
    if (event.type === 'gate' && event.boot === 2 && event.event.ev === 'op' && event.event.op === 'unlink') return [];
    if (event.type !== 'snapshot') return [event];
    const temp = { path: name, type: 'file' as const, size: 9, mode: 0o600, uid: 1000, ino: 9, nlink: 1 };
    const old = { ...temp, mtimeMs: event.t - 7_200_000, ctimeMs: event.t };
    const isAfter = ['struck', 'prepared', 'booted', 'served', 'stopped', 'rebooted'].includes(event.moment);
    const others = event.entries.filter((entry) => entry.path !== name);
    return [{ ...event, entries: isAfter ? [...others, old] : event.entries }];
  });
  return build;
}

/** What a program could try to do to a reader of its report. */
export const HOSTILE_LINE =
  '<img src=x onerror="document.title=\'owned\'"><svg onload=owned()>\'"&\u202e\u0007`a`<script>owned()</script>';
/** The same as the name of a file: no slash, and of the form of a temp. */
export const HOSTILE_TEMP = '/state/sessions.json.<img src=x onerror="document.title=\'owned\'">\u202e.1.tmp';

/** A cell of a system that logs, answers and names its files with markup. */
export function hostile(): EvidenceBuilder {
  const build = orphaned(HOSTILE_TEMP);
  const end = build.events.pop();
  build
    .add({ type: 'log', boot: 2, line: HOSTILE_LINE })
    .op(2, 'write', HOSTILE_TEMP, { bytes: 1 })
    .add({ type: 'strike', step: HOSTILE_LINE, facts: {} });
  if (end !== undefined) build.events.push(end);
  return build;
}

const noise = (seed: number) => createHash('sha256').update(String(seed)).digest('hex');

/** As much as a real cell of a large system leaves: calls, memory figures, a log, a store of some rows. No two lines are the same. */
export function busy(seed: number): EvidenceBuilder {
  const build = seed % 3 === 0 ? slept() : seed % 3 === 1 ? orphaned() : killed();
  const end = build.events.pop();
  for (let index = 0; index < 600; index += 1) {
    const some = noise(seed * 1_000 + index);
    if (index % 2 === 0)
      build.gate(1, {
        ev: 'memory',
        currentBytes: Number.parseInt(some.slice(0, 7), 16),
        peakBytes: null,
        oomKills: 0,
      });
    else build.op(1, 'write', index % 3 === 0 ? JOURNAL : `/state/${some.slice(0, 32)}.jsonl`, { bytes: index });
    if (index % 8 === 0) build.add({ type: 'log', boot: 1, line: `2026-05-28T12:00:00Z [gateway] ${some} done` });
  }
  const rows = Array.from({ length: 12 }, (_, index) => noise(seed + index).slice(0, 12));
  build.snapshot('rebooted', { [STORE]: { text: storeOf(...rows) } });
  if (end !== undefined) build.events.push(end);
  return build;
}

const BOXES = 3;
/** So many are made and judged; the others are those again under other names. */
const DISTINCT = 30;

/** So many cells of a run: several systems and crash points, a sleep and two kills at each. */
export function largeRun(cells: number): Report {
  const crashPoints = ['empty-temp', 'torn-temp', 'full-temp', 'replaced'];
  const made = Array.from({ length: Math.min(cells, DISTINCT) }, (_, index) => judged(busy(index)));
  const list = Array.from({ length: cells }, (_, index) => {
    const { evidence, row } = made[index % DISTINCT] ?? judged(busy(index));
    const place = Math.floor(index / BOXES);
    const crashPoint = crashPoints[place % crashPoints.length] ?? '';
    const version = `1.${Math.floor(place / crashPoints.length)}.0`;
    const attempt = index % BOXES === 2 ? '_r2' : '';
    const id = `system@${version}_${crashPoint}_${'fault' in row ? row.fault : ''}_192m${attempt}`;
    return { evidence, row: { ...row, id, system: 'system', version, crashPoint } };
  });
  return judgedRun(list);
}

/** A row of a scenario with a curve. */
export function scenarioRow(name: string, system: string, slope: number): MatrixRow {
  const points = [0, 1, 2, 3, 4].map((x) => [x, 1_000 + slope * x, x < 3 ? 1 : 2]);
  return MatrixScenario.parse({
    id: `${name}_${system}@1.0.0_192m`,
    scenario: name,
    system,
    version: '1.0.0',
    memoryBytes: 192 * 1024 * 1024,
    isQuick: false,
    role: 'cell',
    verdict: slope > 0 ? 'violated' : 'held',
    expected: slope <= 0,
    detail: '5 steps',
    durationMs: 5_000,
    checks: [
      { id: 'disk-bounded', verdict: slope > 0 ? 'violated' : 'held', detail: `${slope} bytes each`, lines: [] },
    ],
    reproduce: `npx midwrite scenario ${name}`,
    figures: [{ what: 'left by a crash', document: '5.9 MB', measured: `${slope} bytes`, reproduced: 'in part' }],
    curves: [
      {
        title: 'left behind',
        xLabel: 'crashes',
        yLabel: 'bytes',
        points,
        fit: { slope, intercept: 1_000, halfWidth: 12, points: 5 },
        document: { label: "the document's", y: 5_900_000 },
      },
    ],
  });
}

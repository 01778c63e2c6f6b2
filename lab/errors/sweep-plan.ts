import pMap from 'p-map';
import { type CellSpec, cellId } from '../cell-id.ts';
import { CELLS_AT_ONCE, loadEvidence } from '../evidence/cell-evidence.ts';
import type { Fault } from '../fault.ts';
import { crashPointOf } from '../observe/plan-places.ts';
import type { PlannedCell } from '../plan/planned.ts';
import type { Matrix, MatrixRow } from '../result/matrix.ts';
import type { ResultsFolder } from '../results.ts';
import type { Release, System } from '../system.ts';
import { CaseGroups } from './case-groups.ts';
import type { Call, Case } from './cases.ts';
import { type Fate, fateOf, NOT_RUN } from './fate.ts';

/** What is swept. */
export interface SweepSubject {
  system: System;
  release: Release;
  memoryBytes: number;
}

/** A case that is in a run's matrix. */
export interface RanCase {
  one: Case;
  row: MatrixRow;
}

/** The cases of a sweep as cells of a run: which run first, and which then, because of what came out. */
export class SweepPlan {
  readonly #subject: SweepSubject;
  readonly #cells: ReadonlyMap<Case, PlannedCell>;
  readonly #groups: CaseGroups;
  readonly #asked: readonly Case[];
  readonly #first: readonly Case[];
  /** By cell: what has an end is not read again. */
  readonly #fates = new Map<string, Fate>();

  /**
   * @param cases in the order of their calls
   * @param faults fault by fault: a sweep that is broken off, or has no time left, has been at each call with the first ones
   * @param asked these cells and no others, if there are any
   */
  constructor(subject: SweepSubject, cases: readonly Case[], faults: readonly Fault[], asked: readonly string[]) {
    this.#subject = subject;
    const rank = new Map(faults.map((fault, index) => [fault, index]));
    const inOrder = cases.toSorted((a, b) => (rank.get(a.fault) ?? 0) - (rank.get(b.fault) ?? 0));
    this.#cells = new Map(inOrder.map((one) => [one, this.#cellOf('cell', one)]));
    this.#groups = new CaseGroups(cases);
    this.#asked = inOrder.filter((one) => asked.includes(this.#cells.get(one)?.id ?? ''));
    const ends = new Set(this.#groups.ends());
    this.#first = asked.length > 0 ? this.#asked : inOrder.filter((one) => ends.has(one));
  }

  /** What runs first. */
  get first(): PlannedCell[] {
    return this.#cellsOf(this.#first);
  }

  /** For so many others may stand. */
  get othersCount(): number {
    return this.#asked.length > 0 ? 0 : this.#cells.size - this.#first.length;
  }

  /** The same write without an error, held at this call. */
  control(call: Call, none: Fault): PlannedCell {
    return this.#cellOf('control', { call, fault: none });
  }

  /** What of a matrix is of this sweep, in the order of the calls. */
  ranOf({ cells: rows }: Matrix): RanCase[] {
    const byId = new Map(rows.map((row) => [row.id, row]));
    return [...this.#cells]
      .flatMap(([one, { id }]): RanCase[] => {
        const row = byId.get(id);
        return row === undefined ? [] : [{ one, row }];
      })
      .toSorted((a, b) => a.one.call.number - b.one.call.number);
  }

  /** What became of each that is in a matrix, in the order of the calls. */
  async fatesOf(matrix: Matrix, results: ResultsFolder): Promise<Fate[]> {
    return pMap(this.ranOf(matrix), async (ran) => this.#fates.get(ran.row.id) ?? (await this.#fateOf(ran, results)), {
      concurrency: CELLS_AT_ONCE,
    });
  }

  async #fateOf({ one, row }: RanCase, results: ResultsFolder): Promise<Fate> {
    const became = fateOf(row, await loadEvidence(results.cell(row.id)));
    const fate = { call: one.call.number, fault: one.fault.name, cell: row.id, ...became };
    if (fate.fate !== NOT_RUN) this.#fates.set(row.id, fate);
    return fate;
  }

  /** Where two of a kind came to different ends: what runs next, until it is known from which call on. */
  next(fates: readonly Fate[]): PlannedCell[] {
    const wanted = this.#groups.learn(fates);
    return this.#asked.length > 0 ? [] : this.#cellsOf(wanted);
  }

  /** What is said of the cases that did not run. */
  represented(): Fate[] {
    return this.#groups.represented();
  }

  #cellsOf(cases: readonly Case[]): PlannedCell[] {
    return cases.flatMap((one) => this.#cells.get(one) ?? []);
  }

  #cellOf(role: PlannedCell['role'], { call, fault }: Pick<Case, 'call' | 'fault'>): PlannedCell {
    const { system, release, memoryBytes } = this.#subject;
    const crashPoint = crashPointOf(call.place);
    const spec: CellSpec = {
      system: release.system,
      version: release.version,
      crashPoint: crashPoint.name,
      fault: fault.name,
      memoryBytes,
      aftermath: 'aged',
      attempt: 1,
    };
    return { id: cellId(spec), role, spec, system, release, fault, crashPoint };
  }
}

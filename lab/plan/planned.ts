import { type Aftermath, type CellSpec, parseCellId, parseSize } from '../cell-id.ts';
import type { CrashPoint } from '../crash-point/write-shape.ts';
import type { Fault } from '../fault.ts';
import { Problem } from '../problem.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { ScenarioSpec } from '../scenario/scenario-id.ts';
import type { Release, System } from '../system.ts';

/** What was asked for on the command line; everything empty is the default plan. */
export interface Selection {
  /** NAME or NAME@VERSION. */
  systems: readonly string[];
  faults: readonly string[];
  crashPoints: readonly string[];
  memory: readonly string[];
  /** Whole cells by their ids; excludes the others. */
  cells: readonly string[];
  /** What is done to the stopped state of each cell, of faults that end the system. Absent: it is aged. */
  aftermaths?: readonly Aftermath[];
  repeat: number;
}

/** What a selection says of places that are learned from a write, or from an activity. */
export interface AskedPlaces {
  memoryBytes: number;
  /** Ids of places, with or without the activity; empty: those of the default plan. */
  places: readonly string[];
  /** Whole cells; empty: those that the filters give. */
  cells: readonly string[];
  /** Absent: what the crash left is aged. */
  aftermaths?: readonly Aftermath[];
  areFaultsAsked: boolean;
  /** Each call is a place. */
  every: boolean;
  repeat: number;
}

/**
 * @param cells of the selection, those that are of it
 * @param severalMemories told where more than one size is asked for
 * @throws Problem bad-usage
 */
export function askedPlaces(
  selection: Selection,
  {
    cells,
    release,
    every,
    severalMemories,
  }: {
    cells: readonly string[];
    release: Release;
    every: boolean;
    severalMemories: string;
  },
): AskedPlaces {
  const [cell] = cells.map(parseCellId);
  const [size] = selection.memory;
  if (selection.memory.length > 1) throw new Problem('bad-usage', severalMemories);
  return {
    memoryBytes: cell?.memoryBytes ?? (size === undefined ? release.memory.defaultBytes : parseSize(size)),
    places: selection.crashPoints,
    cells,
    ...(selection.aftermaths !== undefined && { aftermaths: selection.aftermaths }),
    areFaultsAsked: selection.faults.length > 0,
    every: every || [...selection.crashPoints, ...cells].some((id) => id.includes('.call-')),
    repeat: selection.repeat,
  };
}

/** `cell`: what was asked for. `control`: no fault, must hold. `canary`, in every run, and `mutant`: broken on purpose, must be caught. */
export type Role = 'cell' | 'control' | 'canary' | 'mutant';

export interface PlannedCell {
  id: string;
  role: Role;
  spec: CellSpec;
  system: System;
  release: Release;
  fault: Fault;
  crashPoint: CrashPoint;
}

/** A scenario with one system. */
export interface PlannedScenario {
  id: string;
  role: Role;
  spec: ScenarioSpec;
  system: System;
  release: Release;
  scenario: Scenario;
  /** Of an upgrade: the release before. */
  old?: Release;
}

export type Planned = PlannedCell | PlannedScenario;

export const isPlannedScenario = (planned: Planned): planned is PlannedScenario => 'scenario' in planned;

/** What run.json and matrix.json say of a planned cell or scenario. */
export type PlannedName = { role: Role; id: string } & (object | ScenarioSpec);

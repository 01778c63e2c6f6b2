import type { CellPlan } from '../cell/cell.ts';
import type { Engine } from '../engine/engine.ts';
import type { Figure } from './figure.ts';
import type { Machine } from './machine.ts';

/** What a section works with. */
export interface Bench {
  engine: Engine;
  /** Of everything random, so that a run can be done again with the same numbers. */
  seed: number;
  /** How often each thing is measured, where the command line said so; else each section has its own number. */
  rounds: number | undefined;
  signal: AbortSignal;
  /** The cell that everything is measured at, of one of the section's systems: its default release, with its images. */
  cell(system: string): Promise<CellPlan>;
  /** A line of progress. */
  say(line: string): void;
}

export interface SectionResult {
  figures: Figure[];
  /** What a reader must know to read the figures. */
  notes: string[];
}

/** One part of the bench: one file, and one line in main.ts. */
export interface Section {
  name: string;
  summary: string;
  /** Whose images are built before anything is measured. */
  systems: readonly string[];
  measure(bench: Bench): Promise<SectionResult>;
}

/** A section's result with what was true of the machine around it. */
export interface MeasuredSection extends SectionResult {
  name: string;
  summary: string;
  tookMs: number;
  before: Machine;
  after: Machine;
}

import { aftermathsNamed } from '../cell-id.ts';
import type { Selection } from '../plan/planned.ts';

/** The options of `run` and `list`, as commander gives them. */
export interface SelectionOptions {
  system?: string[];
  fault?: string[];
  crashPoint?: string[];
  memory?: string[];
  cell?: string[];
  aftermath?: string[];
  repeat: number;
  json?: boolean;
}

export function selectionOf(options: SelectionOptions): Selection {
  return {
    systems: options.system ?? [],
    faults: options.fault ?? [],
    crashPoints: options.crashPoint ?? [],
    memory: options.memory ?? [],
    cells: options.cell ?? [],
    ...(options.aftermath !== undefined && { aftermaths: aftermathsNamed(options.aftermath) }),
    repeat: options.repeat,
  };
}

import type { Selection } from '../plan.ts';

/** The options of `run` and `list`, as commander gives them. */
export interface SelectionOptions {
  gateway?: string[];
  fault?: string[];
  crashPoint?: string[];
  memory?: string[];
  cell?: string[];
  repeat: number;
  json?: boolean;
}

export function selectionOf(options: SelectionOptions): Selection {
  return {
    gateways: options.gateway ?? [],
    faults: options.fault ?? [],
    crashPoints: options.crashPoint ?? [],
    memory: options.memory ?? [],
    cells: options.cell ?? [],
    repeat: options.repeat,
  };
}

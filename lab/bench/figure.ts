import { type Summary, summarize } from './summary.ts';

export type Unit = 'ms' | 'B' | 'MB' | '×' | 'count';

/** What a figure should come to. It is printed beside it, and decides nothing. */
export interface Goal {
  is: 'at most' | 'at least';
  value: number;
}

/** One measured thing, with every sample it comes from. */
export interface Figure extends Summary {
  name: string;
  unit: Unit;
  samples: number[];
  goal?: Goal;
  reached?: boolean;
}

export function figure(name: string, unit: Unit, samples: readonly number[], goal?: Goal): Figure {
  return withGoal({ name, unit, samples: [...samples], ...summarize(samples) }, goal);
}

/**
 * A ratio of two medians, with the range of the ratios of the pairs that were measured one after the other. The median of many single calls
 * is steadier than the median of a few ratios.
 */
export function ratioFigure(name: string, median: number, pairs: readonly number[], goal?: Goal): Figure {
  const { min, max } = summarize(pairs);
  return withGoal({ name, unit: '×', samples: [...pairs], median, min, max }, goal);
}

function withGoal(bare: Figure, goal: Goal | undefined): Figure {
  if (goal === undefined) return bare;
  return { ...bare, goal, reached: goal.is === 'at most' ? bare.median <= goal.value : bare.median >= goal.value };
}

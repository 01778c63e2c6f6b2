/** What several runs of one measurement come to. */
export interface Summary {
  median: number;
  min: number;
  max: number;
}

/** @throws RangeError where there is no sample: a figure of nothing is no figure */
export function summarize(samples: readonly number[]): Summary {
  const sorted = [...samples].sort((a, b) => a - b);
  const [min] = sorted;
  const max = sorted.at(-1);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (min === undefined || max === undefined || upper === undefined || lower === undefined)
    throw new RangeError('there is no sample');
  // With an even count there are two in the middle.
  return { median: (lower + upper) / 2, min, max };
}

/** Each sample over the one that was taken beside it: what a noisy neighbour did to both cancels out. */
export function ratios(samples: readonly number[], beside: readonly number[]): number[] {
  if (samples.length !== beside.length) throw new RangeError('they were not measured side by side');
  return samples.map((sample, index) => sample / (beside[index] ?? Number.NaN));
}

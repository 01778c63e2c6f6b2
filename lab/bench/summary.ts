import { t95 } from '../scenario/fit.ts';

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

/** The mean of samples and half of the width of its interval at 95 % (Student's t). */
export interface MeanInterval {
  mean: number;
  halfWidth: number;
}

/** @throws RangeError for fewer than two samples: one has no spread */
export function meanInterval(samples: readonly number[]): MeanInterval {
  const n = samples.length;
  if (n < 2) throw new RangeError('an interval takes two samples at least');
  const mean = samples.reduce((sum, sample) => sum + sample, 0) / n;
  const variance = samples.reduce((sum, sample) => sum + (sample - mean) ** 2, 0) / (n - 1);
  return { mean, halfWidth: t95(n - 1) * Math.sqrt(variance / n) };
}

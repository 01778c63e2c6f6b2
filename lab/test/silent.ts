import type { RunProgress } from '../run/options.ts';

/** Of a run that nobody watches. */
export const silent: RunProgress = {
  cellStarted: () => undefined,
  cellPhase: () => undefined,
  cellShare: () => undefined,
  cellEnded: () => undefined,
};

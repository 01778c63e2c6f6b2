import { Problem } from '../problem.ts';
import type { ExploreCommandOptions } from './explore.ts';

/** Options that say nothing of what is explored. */
const BESIDE_RESUME: ReadonlySet<string> = new Set([
  'resume',
  'errors',
  'jobs',
  'json',
  'results',
  'maxDuration',
  'on',
  'workload',
]);

/** @throws Problem bad-usage: what goes on is what it was asked for */
export function refuseBesideResume(options: ExploreCommandOptions): void {
  const others = Object.entries(options).filter(([name, value]) => !BESIDE_RESUME.has(name) && value !== undefined);
  if (others.length > 0)
    throw new Problem(
      'bad-usage',
      `--resume continues an exploration as it was asked for, so it does not go with ${others.map(([name]) => `--${name}`).join(', ')}.`,
    );
}

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

/** A new exploration of an older record: what is bounded, and which part of it is booted, is its own. */
const BESIDE_RECORD: ReadonlySet<string> = new Set([
  ...['record', 'shard', 'maxStates', 'everyState'],
  ...['jobs', 'json', 'results', 'maxDuration', 'on', 'workload'],
]);

/** @throws Problem bad-usage: what goes on is what it was asked for */
export function refuseBesideResume(options: ExploreCommandOptions): void {
  refuseOthers('--resume continues an exploration as it was asked for', BESIDE_RESUME, options);
}

/** @throws Problem bad-usage: what is explored is what was recorded */
export function refuseBesideRecord(options: ExploreCommandOptions): void {
  refuseOthers('--record explores what another exploration was asked for', BESIDE_RECORD, options);
}

function refuseOthers(does: string, beside: ReadonlySet<string>, options: ExploreCommandOptions): void {
  const others = Object.entries(options).filter(([name, value]) => !beside.has(name) && value !== undefined);
  if (others.length > 0)
    throw new Problem(
      'bad-usage',
      `${does}, so it does not go with ${others.map(([name]) => `--${name}`).join(', ')}.`,
    );
}

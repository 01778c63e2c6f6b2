import type { Check } from '../check.ts';
import { ackedDurable } from './acked-durable.ts';
import { allOrNothing } from './all-or-nothing.ts';
import { boots } from './boots.ts';
import { memoryBounded } from './memory-bounded.ts';
import { noOrphans } from './no-orphans.ts';
import { recovers } from './recovers.ts';
import { reportsFailure } from './reports-failure.ts';
import { retention } from './retention.ts';
import { serves } from './serves.ts';
import { stops } from './stops.ts';
import { storeValid } from './store-valid.ts';
import { sweepOnBoot } from './sweep-on-boot.ts';
import { sweepOnTimer } from './sweep-on-timer.ts';
import { synced } from './synced.ts';
import { wakes } from './wakes.ts';
import { writesBounded } from './writes-bounded.ts';

/** Every check, in the order of the reports. */
export const checks: readonly Check[] = [
  storeValid,
  allOrNothing,
  ackedDurable,
  synced,
  noOrphans,
  sweepOnBoot,
  sweepOnTimer,
  retention,
  boots,
  serves,
  stops,
  reportsFailure,
  recovers,
  wakes,
  memoryBounded,
  writesBounded,
];

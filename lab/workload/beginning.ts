import type { Pod } from '../pod/pod.ts';
import { Problem } from '../problem.ts';
import type { Session } from '../session/session.ts';
import { isJudgedByAnswers, type Release } from '../system.ts';
import { passTime } from './pass-time.ts';
import { WARM, type Workload } from './workload.ts';

const DAY_MS = 24 * 60 * 60_000;
/** Older than what any system here keeps for being young. */
const PASSED_MS = 31 * DAY_MS;
/** One-shot runs, for the clean-up to take. */
const RUNS = 3;
const FIRST_RUN = 10_000;
const CLEANUP_LIMIT_MS = 120_000;

/** A system that is to be recorded, or struck. */
export interface Beginner {
  pod: Pod;
  session: Session;
  release: Release;
  workload: Workload;
}

/** Brings the system to where the record begins. @param boot boots it until it is ready, or throws */
export async function prepare({ pod, session, release, workload }: Beginner, boot: () => Promise<void>): Promise<void> {
  await session.configure();
  await boot();
  await session.setUp();
  await session.bootSettled();
  await session.settled(await session.turn(WARM));
  await session.read('before');
  if (workload.begins === 'cleanup')
    for (const kind of release.usual?.sessions ?? [])
      if (kind.lasts === 'one-shot') await pod.sidecar.requests(kind.make, RUNS, FIRST_RUN);
  if (!isJudgedByAnswers(release)) await session.quiet();
  if (workload.begins === 'warm') return;
  await session.stop();
  if (workload.begins === 'cleanup') await passTime(pod, PASSED_MS);
}

/** Starts the clean-up command in the system's place, under writegate. */
export async function startCleanup({ pod, release }: Beginner, firstCommands: readonly string[]): Promise<void> {
  const { cleanup } = release.usual ?? {};
  if (cleanup === undefined)
    throw new Problem('bad-usage', `${release.system}@${release.version} defines no clean-up command.`);
  await pod.boot({ argv: cleanup.enforce, firstCommands });
}

/** @throws Problem system-died: it did not end well */
export async function cleanupEnds({ pod }: Beginner): Promise<void> {
  const exit = await pod.gate.waitForKind({ name: 'the clean-up to end', limitMs: CLEANUP_LIMIT_MS }, 'exit');
  await pod.ended(CLEANUP_LIMIT_MS, false);
  if (exit.code !== 0)
    throw new Problem(
      'system-died',
      `the clean-up ended with ${exit.signal ?? `code ${exit.code}`}, so there is nothing to record`,
    );
}

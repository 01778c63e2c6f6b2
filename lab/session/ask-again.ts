import type { DriveResult } from '../drive.ts';
import type { Moment, Refused } from '../evidence/event.ts';
import { pace } from '../pace.ts';
import { passedLimit, until } from '../wait.ts';
import type { Ground } from './ground.ts';

/** Looks right after a boot. */
const AFTER_BOOT: ReadonlySet<Moment> = new Set(['booted', 'rebooted']);
/** `idleMs`: a server that refuses, and has changed nothing in its folder for so long, is not on its way to anything. */
const TIMES = { everyMs: 250, idleMs: 5_000 };

/** It says what it holds, or that it does not hold it (RFC 9110, section 15.5): that is no refusal of one that is still at its boot. */
const isSaid = ({ acknowledged, status = 0 }: DriveResult): boolean => acknowledged || (status >= 400 && status < 500);

/**
 * Asks, and asks a server that has just booted again while it refuses and may still be at it: its port may be open before it has recovered (PostgreSQL:
 * "the database system is not yet accepting connections"). That ends when it answers, when it has left its folder alone for some seconds, or when the time is over
 * in which it has to be ready.
 * @returns its last answer, and how often it refused before
 */
export async function askAgain(
  { pod, release, signal }: Pick<Ground, 'pod' | 'release' | 'signal'>,
  moment: Moment,
  ask: () => Promise<DriveResult>,
  { everyMs, idleMs } = TIMES,
): Promise<{ answer: DriveResult; refused?: Refused }> {
  let answer = await ask();
  if (release.lifecycle !== 'server' || !AFTER_BOOT.has(moment) || isSaid(answer)) return { answer };
  const error = answer.error ?? '';
  let times = 1;
  let [changes, since] = [-1, performance.now()];
  const isIdle = (): boolean => {
    const now = pod.gate.events.filter(({ ev }) => ev === 'op').length;
    if (now !== changes) [changes, since] = [now, performance.now()];
    return pod.gate.howEnded !== undefined || performance.now() - since >= idleMs * pace();
  };
  const limitMs = release.promises.readyWithinMs;
  const wait = { name: 'an answer after the boot', limitMs, isSlowed: true, everyMs, signal };
  await until(wait, async () => {
    if (isIdle()) return true;
    answer = await ask();
    if (isSaid(answer)) return true;
    times += 1;
    return undefined;
  }).catch(passedLimit);
  const last: DriveResult = answer;
  return last.acknowledged ? { answer: last, refused: { times, error } } : { answer: last };
}

import { type WorstMoment, worstMoment } from '../crash-point/transient.ts';
import type { ScenarioLab } from './scenario.ts';

/** Two days: older than what a sweep spares for being a living process's. */
export const LONG_AGO_MS = 48 * 60 * 60_000;

/** What stands for a boot that makes nothing which it takes away again: the middle of its calls. */
function middle(ops: ReturnType<ScenarioLab['ops']>): WorstMoment | undefined {
  // A folder that is there is made again and again. A boot that changes nothing at all is struck before such a call.
  const changing = ops.filter(({ op }) => op !== 'sync' && op !== 'mkdir');
  const calls = changing.length > 0 ? changing : ops;
  const op = calls[Math.floor(calls.length / 2)];
  if (op === undefined) return undefined;
  const nth = ops.slice(0, ops.indexOf(op) + 1).filter((one) => one.op === op.op).length;
  const arm = { op: op.op, path: '**', at: 'before', nth } as const;
  return { arm, words: `in the middle of the boot, before ${op.op} ${op.path}`, files: 0, folders: 0, bytes: 0 };
}

/**
 * Boots the stopped system so many times, undisturbed, and looks at all folders after each stop. The first look is before all of them.
 * @returns the moment of a boot at which a crash leaves most; undefined: it was not ready, or made no call in its folder
 */
export async function undisturbedBoots(lab: ScenarioLab, boots: number): Promise<WorstMoment | undefined> {
  await lab.look('undisturbed', 0);
  let moment: WorstMoment | undefined;
  for (let boot = 1; boot <= boots; boot += 1) {
    await lab.age(LONG_AGO_MS);
    if (!(await bootInFull(lab))) return undefined;
    moment = worstMoment(lab.ops(), lab.release.promises.root) ?? moment ?? middle(lab.ops());
    await lab.stop();
    await lab.look('undisturbed', boot);
  }
  return moment;
}

/**
 * A boot that has had the time of its sweep.
 * @param env beside its own; `{}` where another program of its image ran in its place, whose container would start that again
 */
export async function bootInFull(lab: ScenarioLab, env?: Readonly<Record<string, string>>): Promise<boolean> {
  if (!(await lab.boot(env))) return false;
  await lab.sweepTime();
  await lab.quiet();
  return true;
}

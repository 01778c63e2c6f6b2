import { planUpgrade } from '../plan/plan-scenarios.ts';
import { type ExitCode, Problem } from '../problem.ts';
import { type RunOptions, runCells } from './cells.ts';
import { conclude, planOfResumed } from './run.ts';

/** Runs the upgrade from one release to another: undisturbed, and struck in its first boot. */
export async function upgradeCommand(
  text: string | undefined,
  options: RunOptions & { quick?: boolean },
): Promise<ExitCode> {
  const resumed = await planOfResumed(options, text);
  if (resumed !== undefined) return conclude(await runCells(resumed, options), options);
  if (text === undefined) throw new Problem('bad-usage', 'Name an upgrade, such as SYSTEM@FROM..TO.');
  return conclude(await runCells([await planUpgrade(text, options.quick === true)], options), options);
}

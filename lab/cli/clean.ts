import { findEngine, open } from '../engine/engine.ts';
import { sweepScratch } from '../owner/scratch.ts';
import { ExitCode, Problem } from '../problem.ts';
import { sweep, sweptInWords } from '../reaper/reaper.ts';

export async function clean(options: { images?: boolean }): Promise<ExitCode> {
  const endpoint = await findEngine();
  if (endpoint === undefined) {
    const folders = await sweepScratch();
    console.log(`No engine answers, so there is nothing to clean on one. ${folders} scratch folders removed.`);
    return ExitCode.sound;
  }
  const { docker } = await open(endpoint);
  const swept = await sweep(docker, { everything: true, images: options.images === true });
  console.log(`Removed: ${sweptInWords(swept) ?? 'nothing, there was nothing'}.`);
  if (swept.failures.length > 0)
    throw new Problem('cleanup-failed', `not everything could be removed: ${swept.failures.join('; ')}`);
  return ExitCode.sound;
}

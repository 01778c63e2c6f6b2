import { refusal } from '../../checks/boots.ts';
import type { EvidenceOf } from '../../evidence/event.ts';
import { held, inconclusive, violated } from '../../result/verdict.ts';
import type { ScenarioCheck } from '../scenario.ts';

/** Those of the same row of refusals: a later step has its own. */
const failedUntil = (failed: readonly EvidenceOf<'not-ready'>[], ready: EvidenceOf<'ready'> | undefined) =>
  failed.filter(({ boot }) => ready === undefined || boot < ready.boot);

/** What the old release makes of the folder later is told, and is no promise of the new one. */
export const upgradeBoots: ScenarioCheck = {
  id: 'boots',
  promise: 'the new release is ready on the folder of the old one, and again after a crash in that first boot',

  judge({ evidence, proof }) {
    const others = new Set(evidence.of('program').map(({ boot }) => boot));
    const failed = evidence.of('not-ready').filter(({ boot }) => !others.has(boot));
    const ready = evidence.of('ready').filter(({ boot }) => !others.has(boot));
    const [first] = failed;
    if (first !== undefined) {
      const later = ready.find(({ boot }) => boot > first.boot);
      const run = evidence.of('command').filter(({ t }) => t > first.t && t < (later?.t ?? Number.POSITIVE_INFINITY));
      const operator = run.map(({ argv, exitCode }) => `an operator has run \`${argv.join(' ')}\` (exit ${exitCode})`);
      return violated(
        [refusal(evidence, first, failedUntil(failed, later), later), ...new Set(operator)].join(
          '\nBefore that boot, ',
        ),
        first,
        ...(later === undefined ? [] : [later]),
        ...run,
      );
    }
    const last = ready.at(-1);
    if (last === undefined) return inconclusive('no boot of the new release was seen');
    const slowest = Math.max(...ready.map(({ tookMs }) => tookMs));
    return held(proof, `${ready.length} boots, the slowest ${slowest} ms`, last);
  },
};

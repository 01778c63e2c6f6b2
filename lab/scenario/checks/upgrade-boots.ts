import { refusal } from '../../checks/boots.ts';
import { held, inconclusive, violated } from '../../judge/verdict.ts';
import type { ScenarioCheck } from '../scenario.ts';

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
      return violated(refusal(evidence, first, failed, later), first, ...(later === undefined ? [] : [later]));
    }
    const last = ready.at(-1);
    if (last === undefined) return inconclusive('no boot of the new release was seen');
    const slowest = Math.max(...ready.map(({ tookMs }) => tookMs));
    return held(proof, `${ready.length} boots, the slowest ${slowest} ms`, last);
  },
};

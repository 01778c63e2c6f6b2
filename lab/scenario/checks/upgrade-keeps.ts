import type { EvidenceOf } from '../../evidence/event.ts';
import { held, inconclusive, notApplicable, violated } from '../../result/verdict.ts';
import type { ScenarioCheck } from '../scenario.ts';

type Kept = EvidenceOf<'kept'>;

/** After what, in words. */
export const AFTER: Readonly<Record<Kept['after'], string>> = {
  life: 'before the upgrade',
  upgrade: 'after an upgrade that nothing disturbed',
  crash: 'after an upgrade that was struck',
  rollback: 'under the old release again',
};

export const upgradeKeeps: ScenarioCheck = {
  id: 'upgrade-keeps',
  promise: 'the new release has everything that was made under the old one, whether its first boot was struck or not',

  judge({ evidence, proof }) {
    const all = evidence.of('kept');
    const before = all.filter(({ after }) => after === 'life');
    const missing = before.find(({ isThere }) => !isThere);
    if (before.length === 0) return inconclusive('nothing was made under the old release');
    if (missing !== undefined)
      return inconclusive(`${missing.version} itself does not show ${missing.name}: ${missing.said}`);
    const names = new Set(before.map(({ name }) => name));
    const asked = all.filter(({ after, name }) => (after === 'upgrade' || after === 'crash') && names.has(name));
    if (asked.length === 0)
      return evidence.of('not-ready').length > 0
        ? notApplicable('the new release was not ready on the old folder')
        : inconclusive('the new release was not asked for what was made under the old one');
    const gone = asked.filter(({ isThere }) => !isThere);
    const [first] = gone;
    if (first !== undefined) {
      const what = [...new Set(gone.map(({ name, after }) => `${name} (${AFTER[after]})`))];
      return violated(
        `${first.version} has no more: ${what.join(', ')}; it said: ${first.said}`,
        first,
        ...gone.slice(1),
      );
    }
    return held(proof, `${[...names].join(', ')}: there, asked ${asked.length} times`, ...asked.slice(-1));
  },
};

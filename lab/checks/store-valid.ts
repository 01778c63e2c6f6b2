import type { Check } from '../check.ts';
import { activityOf } from '../crash-point/activity.ts';
import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { Moment } from '../evidence/event.ts';
import { writeUnderWay } from '../result/exercise.ts';
import { held, inconclusive, notApplicable, type Proof, type Verdict, violated } from '../result/verdict.ts';
import { storeAt } from './store.ts';

export const storeValid: Check = {
  id: 'store-valid',
  promise: 'the store can be read, and every row of it is whole, after the fault and after the boot',

  exercised: ({ evidence }) => writeUnderWay(evidence),

  judge({ evidence, proof }) {
    if (evidence.cell.aftermath === 'corrupt-store')
      return notApplicable('the lab made the store unreadable on purpose');
    const { store } = evidence.cell.promises;
    if (store.format === 'unnamed') return notApplicable("no store is named; the system's answers are judged instead");
    if (store.format === 'checked') return byItsOwnCheck(evidence, proof);
    const looked: string[] = [];
    for (const moment of ['struck', 'booted', 'served', 'rebooted', 'woken'] satisfies Moment[]) {
      const listing = evidence.snapshot(moment);
      if (listing === undefined) continue;
      const store = storeAt(evidence, moment);
      switch (store.state) {
        case 'valid':
          looked.push(`${moment}: ${store.rows} rows in ${store.bytes} bytes`);
          break;
        case 'missing':
          if (isNotMadeYet(evidence, moment)) break;
          return violated(`${moment}: the store is missing`, listing);
        case 'invalid':
          return violated(`${moment}: ${store.why}`, listing);
        case 'unknown':
          return inconclusive(`${moment}: ${store.why}`);
      }
    }
    return looked.length === 0
      ? inconclusive('the store was never read after the fault')
      : held(proof, looked.join('; '));
  },
};

/** Before the first boot of all, or of all of this release, there was no store, and until it has answered a turn it may have made none. */
const isNotMadeYet = (evidence: CellEvidence, moment: Moment): boolean =>
  (activityOf(evidence.cell.crashPoint) === 'first-boot' || evidence.of('kept').length > 0) &&
  ['struck', 'booted', 'woken'].includes(moment) &&
  storeAt(evidence, 'before').state === 'missing';

/** The system's own check of its store, after each boot. */
function byItsOwnCheck(evidence: CellEvidence, proof: Proof): Verdict {
  const said = evidence.of('store-check').filter(({ moment }) => moment !== 'before');
  const broken = said.find(({ isWhole }) => !isWhole);
  if (broken !== undefined) return violated(`${broken.moment}: its own check failed: ${broken.said}`, broken);
  if (said.length === 0) {
    return evidence.of('not-ready').length > 0
      ? notApplicable('the system did not get ready again')
      : inconclusive('its own check did not run after the fault');
  }
  return held(proof, `its own check passes (${said.map(({ moment }) => moment).join(', ')})`, ...said);
}

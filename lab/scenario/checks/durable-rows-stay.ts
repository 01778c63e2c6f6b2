import { held, inconclusive, violated } from '../../result/verdict.ts';
import { type LostRow, lostDurableRows, rowsSeen } from '../row-counts.ts';
import type { ScenarioCheck } from '../scenario.ts';

const DAY_MS = 24 * 60 * 60_000;
/** The defaults that #88632 names: a row that nobody used for so long may go, and so may what is over so many. */
const OWN_TIME_MS = 30 * DAY_MS;
const MAX_ROWS = 500;
const SHOWN = 3;

export const durableRowsStay: ScenarioCheck = {
  id: 'durable-rows-stay',
  promise: 'no conversation is pushed out of the store by probes: it stays for its own 30 days',

  judge({ evidence, proof }) {
    const { durable, lost } = lostDurableRows(evidence, OWN_TIME_MS);
    const all = rowsSeen(evidence);
    const last = all.at(-1);
    if (last === undefined || durable === 0 || last.moment === 'planted')
      return inconclusive('the rows were not counted after the system had run on them');
    if (durable > MAX_ROWS)
      return inconclusive(`${durable} durable rows are over the cap of ${MAX_ROWS} by themselves: some may go`);
    const [first] = lost;
    if (first === undefined)
      return held(proof, `all ${durable} durable rows stayed for their 30 days, over ${all.length} counts`, last.seen);
    const shown = lost.slice(0, SHOWN).map(({ key, ageMs }) => `${key} (${(ageMs / DAY_MS).toFixed(1)} days)`);
    return violated(
      `${lost.length} of ${durable} durable rows younger than 30 days are gone (${byMoment(lost)}), such as ${shown.join(', ')}`,
      first.missed.seen,
    );
  },
};

/** `40 in step 1, when it had served: 14 cron, 26 other; …`. */
function byMoment(lost: readonly LostRow[]): string {
  const moments = Map.groupBy(lost, ({ missed }) => `in step ${missed.step}, ${missed.moment}`);
  return [...moments]
    .map(([moment, rows]) => {
      const kinds = Map.groupBy(rows, (row) => row.kind);
      return `${rows.length} ${moment}: ${[...kinds].map(([kind, ones]) => `${ones.length} ${kind}`).join(', ')}`;
    })
    .join('; ');
}

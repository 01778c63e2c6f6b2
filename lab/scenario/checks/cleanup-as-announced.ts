import { held, inconclusive, violated } from '../../result/verdict.ts';
import { pointsOf } from '../points.ts';
import { rowsSeen } from '../row-counts.ts';
import type { ScenarioCheck } from '../scenario.ts';

export const cleanupAsAnnounced: ScenarioCheck = {
  id: 'cleanup-as-announced',
  promise: 'the clean-up shows what it would do without doing it, and does then what it has shown',

  judge({ evidence, proof }) {
    const failed = evidence.of('command').find((command) => command.exitCode !== 0);
    if (failed !== undefined)
      return violated(`${failed.argv.join(' ')} ended with ${failed.exitCode}: ${failed.stderr.slice(-500)}`, failed);
    const all = rowsSeen(evidence);
    const at = all.findIndex((one) => one.moment === 'announced');
    const [before, announced, cleaned] = [all[at - 1], all[at], all[at + 1]];
    const point = pointsOf(evidence, 'announced')[0];
    if (before === undefined || announced === undefined || cleaned?.moment !== 'cleaned' || point === undefined)
      return inconclusive('no dry run with a clean-up after it was seen');
    const kept = new Set(announced.seen.rows.map((row) => row.key));
    const gone = before.seen.rows.filter((row) => !kept.has(row.key));
    if (gone.length > 0)
      return violated(`the dry run took ${gone.length} rows away, such as ${gone[0]?.key}`, announced.seen);
    const says = `announced: ${point.values.before} rows, ${point.values.after} after it; found: ${announced.seen.rows.length}, ${cleaned.seen.rows.length} after it`;
    if (point.values.before !== announced.seen.rows.length || point.values.after !== cleaned.seen.rows.length)
      return violated(says, point.seen, cleaned.seen);
    return held(proof, says, point.seen, cleaned.seen);
  },
};

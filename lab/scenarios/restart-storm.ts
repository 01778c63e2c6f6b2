import { ackedDurable } from '../checks/acked-durable.ts';
import { allOrNothing } from '../checks/all-or-nothing.ts';
import { memoryBounded } from '../checks/memory-bounded.ts';
import { noOrphans } from '../checks/no-orphans.ts';
import { retention } from '../checks/retention.ts';
import { serves } from '../checks/serves.ts';
import { storeValid } from '../checks/store-valid.ts';
import { sweepOnBoot } from '../checks/sweep-on-boot.ts';
import { synced } from '../checks/synced.ts';
import { wakes } from '../checks/wakes.ts';
import type { DrawnMoment } from '../evidence/event.ts';
import { allBoots } from '../scenario/checks/all-boots.ts';
import { diskBoundedAtRandom } from '../scenario/checks/disk-bounded.ts';
import { inEachStep } from '../scenario/checks/in-each-step.ts';
import { keptThroughout } from '../scenario/checks/kept-throughout.ts';
import { survives } from '../scenario/checks/survives.ts';
import { measureLeftBehind } from '../scenario/left-behind.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { drawnSteps } from '../scenario/struck-steps.ts';

/** Faults that nobody chose, at moments that nobody chose: for what no crash point has a name for. */
export const restartStorm: Scenario = {
  name: 'restart-storm',
  summary: 'fault after fault, each at a moment that a seed chooses, in turns of several clients and in boots',
  systems: ['openclaw@2026.5.28', 'openclaw@2026.7.1', 'reference'],
  steps: { full: 25, quick: 5 },
  draws: { faults: ['sigkill', 'oom', 'sleep'] },
  checks: [
    ...[storeValid, allOrNothing].map(inEachStep),
    keptThroughout(ackedDurable),
    ...[synced, noOrphans, sweepOnBoot, retention, serves, wakes, memoryBounded].map(inEachStep),
    allBoots,
    survives,
    diskBoundedAtRandom,
  ],

  curves: [
    { title: 'what lies beside the store', series: 'crashes', xLabel: 'faults', value: 'tempBytes', yLabel: 'bytes' },
  ],

  figures(evidence) {
    const steps = drawnSteps(evidence);
    const struck = steps.filter((step) => step.isStruck);
    const of = (kind: DrawnMoment['kind']) => struck.filter((step) => step.drawn.moment.kind === kind).length;
    const turns = evidence.of('turn').filter((turn) => turn.result.acknowledged).length;
    return [
      {
        what: 'faults at moments that were drawn',
        measured: `${struck.length} of ${steps.length}: ${of('crash-point')} at crash points, ${of('call')} at calls by their number, ${of('time')} at times`,
        reproduced: '-',
        why: 'crash points and calls are the same again for the same seed, as far as the system makes its calls in the same order; times are not',
      },
      { what: 'turns that were acknowledged between them', measured: String(turns), reproduced: '-' },
    ];
  },

  async live(lab) {
    if (!(await lab.boot())) return;
    // One that goes to a journal, and one that folds it into the store: both writes are known then.
    for (const turn of ['warm-1', 'warm-2']) await lab.turn(turn);
    await measureLeftBehind(lab, lab.from - 1);
    for (let step = lab.from; step <= lab.steps; step += 1) {
      lab.step(step);
      if ((await lab.strikeAtRandom(step)) === 'not-ready') return;
      await measureLeftBehind(lab, step);
    }
  },
};

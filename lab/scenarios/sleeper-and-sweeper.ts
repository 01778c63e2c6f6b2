import { ackedDurable } from '../checks/acked-durable.ts';
import { allOrNothing } from '../checks/all-or-nothing.ts';
import { memoryBounded } from '../checks/memory-bounded.ts';
import { noOrphans } from '../checks/no-orphans.ts';
import { serves } from '../checks/serves.ts';
import { storeValid } from '../checks/store-valid.ts';
import { wakes } from '../checks/wakes.ts';
import { crashPoints } from '../crash-point/write-shape.ts';
import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { Figure } from '../result/figure.ts';
import { allBoots } from '../scenario/checks/all-boots.ts';
import { inEachStep } from '../scenario/checks/in-each-step.ts';
import { keptThroughout } from '../scenario/checks/kept-throughout.ts';
import { notRolledBack } from '../scenario/checks/not-rolled-back.ts';
import { pointsOf } from '../scenario/points.ts';
import type { Scenario, ScenarioLab } from '../scenario/scenario.ts';
import { passedLimit } from '../wait.ts';

/** A command that asks a system which is frozen gets no answer: its operator loses patience. */
const COMMAND_LIMIT_MS = { full: 45_000, quick: 25_000 };

/** Who comes while the system sleeps, step by step. */
const VISITORS = [
  { command: true, second: false },
  { command: false, second: true },
  { command: true, second: true },
] as const;

/** A writer that sleeps for hours in the middle of its write is no dead one: what do a clean-up and a second system do to it? */
export const sleeperAndSweeper: Scenario = {
  name: 'sleeper-and-sweeper',
  summary:
    'asleep for 8 hours in the middle of a write, while a clean-up command and a second system are at its folder',
  systems: ['openclaw@2026.5.28', 'openclaw@2026.7.1', 'reference'],
  steps: { full: VISITORS.length, quick: 2 },
  fault: 'sleep',
  checks: [
    inEachStep(wakes),
    keptThroughout(ackedDurable),
    notRolledBack,
    ...[storeValid, allOrNothing, noOrphans, serves, memoryBounded].map(inEachStep),
    allBoots,
  ],
  curves: [],
  figures: (evidence) => [...besideIt(evidence), ...commandsIn(evidence)],

  async live(lab) {
    const point = crashPoints.find((one) => one.name === 'full-temp');
    if (point === undefined) throw new Error('there is no crash point full-temp');
    if (!(await lab.boot())) return;
    // The first write of the store shows how it is done.
    for (const turn of ['warm-1', 'warm-2']) await lab.turn(turn);
    for (let step = lab.from; step <= lab.steps; step += 1) {
      lab.step(step);
      const visitors = VISITORS[step - 1] ?? VISITORS[0];
      if (!(await lab.strikeAsInACell(point, step, () => visit(lab, visitors, step)))) return;
    }
  },
};

async function visit(lab: ScenarioLab, { command, second }: (typeof VISITORS)[number], step: number): Promise<void> {
  if (second) {
    await using other = await lab.second();
    if (await other.boot()) {
      await other.turn(`second-${step}`);
      await other.settle();
      await other.stop();
    }
  }
  const { cleanup } = lab.release.usual ?? {};
  if (!command || cleanup === undefined) return;
  const limitMs = lab.isQuick ? COMMAND_LIMIT_MS.quick : COMMAND_LIMIT_MS.full;
  try {
    await lab.command(cleanup.enforce, limitMs);
  } catch (error) {
    passedLimit(error);
    lab.point('command-cut-off', step, { limitMs });
  }
}

/** What became of each second system. */
function besideIt(evidence: CellEvidence): Figure[] {
  return evidence.of('second').map(({ boot }) => {
    const refused = evidence.of('not-ready').find((event) => event.boot === boot);
    const turn = evidence.of('turn').find((event) => event.boot === boot);
    const served = turn?.result.acknowledged === true ? 'its turn was acknowledged' : 'its turn was not acknowledged';
    return {
      what: 'a second system on the folder of the sleeping one',
      measured:
        refused === undefined
          ? `ready, and ${served}`
          : `${refused.why}: ${refused.lastLines.split('\n').at(-1)?.trim()}`,
      reproduced: '-',
    };
  });
}

/** What became of each clean-up. */
function commandsIn(evidence: CellEvidence): Figure[] {
  const what = 'a clean-up command beside the sleeping one';
  const ended = evidence.of('command').map(
    (command): Figure => ({
      what,
      measured: `exit ${command.exitCode} after ${(command.tookMs / 1000).toFixed(1)} s`,
      reproduced: '-',
    }),
  );
  const cutOff = pointsOf(evidence, 'command-cut-off').map(
    (point): Figure => ({
      what,
      measured: `no end within ${(point.values.limitMs ?? 0) / 1000} s: it waits for the system`,
      reproduced: '-',
    }),
  );
  return [...ended, ...cutOff];
}

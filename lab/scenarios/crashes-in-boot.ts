import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { Figure } from '../result/figure.ts';
import { allBoots } from '../scenario/checks/all-boots.ts';
import { growsForSure, growthInWords, leftBehind, leftBehindIn } from '../scenario/checks/left-behind.ts';
import { survives } from '../scenario/checks/survives.ts';
import { bytesInWords } from '../scenario/in-words.ts';
import type { Scenario, ScenarioLab } from '../scenario/scenario.ts';
import { bootInFull, LONG_AGO_MS, undisturbedBoots } from '../scenario/undisturbed-boots.ts';

const UNDISTURBED = 3;

/** Crashes in the middle of boots: does what each of them leaves pile up, in whatever folder? */
export const crashesInBoot: Scenario = {
  name: 'crashes-in-boot',
  summary: 'killed again and again in its boot, where that has most on disk that it takes away again: what piles up?',
  systems: ['openclaw@2026.5.28', 'reference'],
  steps: { full: 6, quick: 4 },
  fault: 'sigkill',
  watchesTemp: true,
  checks: [leftBehind, allBoots, survives],
  curves: [
    {
      title: 'what lies in its folders',
      series: 'left',
      xLabel: 'crashes',
      value: 'entries',
      yLabel: 'files and folders',
    },
  ],
  figures: figuresOfBoots,
  live: crashInBoots,
};

export async function crashInBoots(lab: ScenarioLab): Promise<void> {
  if (!(await lab.boot())) return;
  await lab.turn('warm');
  await lab.quiet();
  await lab.stop();
  const moment = await undisturbedBoots(lab, UNDISTURBED);
  if (moment === undefined) return;
  lab.tellMoment(moment);
  for (let crash = lab.from; crash <= lab.steps; crash += 1) {
    lab.step(crash);
    if (!(await lab.crashInBoot(moment.arm))) return;
    await lab.age(LONG_AGO_MS);
    // What a whole boot does not take away stays.
    if (!(await bootInFull(lab))) return;
    await lab.stop();
    lab.point('left', crash, await lab.look('crashes', crash));
  }
  if (!(await lab.boot())) return;
  await lab.turn('after');
}

/** What a crash in the boot leaves, for any system. */
export function figuresOfBoots(evidence: CellEvidence): Figure[] {
  const moment = evidence.of('worst-moment').at(-1);
  const found = leftBehindIn(evidence);
  if (moment === undefined || found === undefined) return [];
  const { once } = found;
  const growing = found.growing.filter(growsForSure);
  const sizes = `${moment.files} files and ${moment.folders} folders with ${bytesInWords(moment.bytes)}`;
  return [
    {
      what: 'where the crashes fall',
      measured: `${moment.words}: there the boot has ${sizes} that it takes away again`,
      reproduced: '-',
    },
    {
      what: 'what a crash in the boot leaves for ever',
      measured:
        growing.length === 0 ? 'nothing that a whole boot does not take away' : growing.map(growthInWords).join('; '),
      reproduced: '-',
      ...(once.length > 0 && { why: `left once, whatever the number of crashes: ${once.join(', ')}` }),
    },
  ];
}

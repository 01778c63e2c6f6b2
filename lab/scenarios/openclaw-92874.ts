import { type WorstMoment, worstMoment } from '../crash-point/transient.ts';
import type { CellEvidence } from '../evidence/cell-evidence.ts';
import { Problem } from '../problem.ts';
import type { Figure } from '../result/figure.ts';
import { allBoots } from '../scenario/checks/all-boots.ts';
import { growsForSure, growthInWords, leftBehind, leftBehindIn } from '../scenario/checks/left-behind.ts';
import type { Scenario, ScenarioLab } from '../scenario/scenario.ts';
import { bootInFull, LONG_AGO_MS } from '../scenario/undisturbed-boots.ts';
import type { Index, Release } from '../system.ts';

const UNDISTURBED = 3;

/** @throws Problem bad-usage: it has no index */
export function indexOf(release: Release): Index {
  const { index } = release.usual ?? {};
  if (index !== undefined) return index;
  throw new Problem('bad-usage', `${release.system}@${release.version} has no index that a command line makes anew.`);
}

/** Killed while a command line makes an index anew: do the databases that it works in pile up? */
export const openclaw92874: Scenario = {
  name: 'openclaw-92874',
  summary: 'killed again and again while a command makes the memory index anew: do its temp databases pile up?',
  document: {
    url: 'https://github.com/openclaw/openclaw/issues/92874',
    says: '14 copies of the index, main.sqlite.tmp-<uuid> with -wal and -shm, 931 MB, which no later start removes; #134830: memory-reindex-<uuid> on 2026.8.1',
  },
  systems: ['openclaw@2026.6.6', 'openclaw@2026.8.1', 'openclaw@2026.9.6', 'reference'],
  steps: { full: 5, quick: 3 },
  fault: 'sigkill',
  watchesTemp: true,
  boot: (release) => ({ ...release.boot, files: indexOf(release).files }),
  checks: [leftBehind, allBoots],
  curves: [],
  figures,

  async live(lab) {
    const { rebuild } = indexOf(lab.release);
    if (!(await makeAnew(lab, rebuild))) return;
    let moment: WorstMoment | undefined;
    await lab.look('undisturbed', 0);
    for (let round = 1; round <= UNDISTURBED; round += 1) {
      if (!(await wholeRound(lab, rebuild))) return;
      moment = worstMoment(lab.ops(), lab.release.promises.root) ?? moment;
      await lab.look('undisturbed', round);
    }
    if (moment === undefined) throw new Error('making the index anew makes nothing that it takes away again');
    lab.tellMoment(moment);
    for (let crash = lab.from; crash <= lab.steps; crash += 1) {
      lab.step(crash);
      if (!(await lab.crashInPlace(rebuild, moment.arm))) return;
      if (!(await wholeRound(lab, rebuild))) return;
      lab.point('left', crash, await lab.look('crashes', crash));
    }
  },
};

/**
 * Makes the index anew, undisturbed.
 * @returns false: it did not end in its time, which is in the evidence
 * @throws Error it failed: then nothing of it can be struck
 */
export async function makeAnew(lab: ScenarioLab, rebuild: readonly string[]): Promise<boolean> {
  const end = await lab.runInPlace(rebuild);
  if (end === undefined) return false;
  if (end.exitCode !== 0)
    throw new Error(`${rebuild.join(' ')} ended with code ${end.exitCode}, undisturbed. It said: ${end.output}`);
  return true;
}

/** All that could take away what is two days old: a whole boot, and the command line once more, to its end. */
async function wholeRound(lab: ScenarioLab, rebuild: readonly string[]): Promise<boolean> {
  await lab.age(LONG_AGO_MS);
  if (!(await bootInFull(lab, {}))) return false;
  await lab.stop();
  return await makeAnew(lab, rebuild);
}

function figures(evidence: CellEvidence): Figure[] {
  const moment = evidence.of('worst-moment').at(-1);
  const found = leftBehindIn(evidence);
  if (moment === undefined || found === undefined) return [];
  const growing = found.growing.filter(growsForSure);
  return [
    { what: 'where the crashes fall', measured: moment.words, reproduced: '-' },
    {
      what: 'what stays of an index that was being made anew, after a whole boot and the same command to its end',
      document: 'a copy of the whole index, for ever',
      measured: growing.length === 0 ? 'nothing' : growing.map(growthInWords).join('; '),
      reproduced: growing.length > 0 ? 'yes' : 'no',
    },
  ];
}

import { worstMoment } from '../crash-point/transient.ts';
import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { Figure } from '../result/figure.ts';
import { allBoots } from '../scenario/checks/all-boots.ts';
import { indexStays } from '../scenario/checks/index-stays.ts';
import { pointsOf } from '../scenario/points.ts';
import type { Scenario, ScenarioLab } from '../scenario/scenario.ts';
import { swapOf } from '../scenario/swap.ts';
import { bootInFull } from '../scenario/undisturbed-boots.ts';
import { indexOf, makeAnew } from './openclaw-92874.ts';

const SHOW_LIMIT_MS = 240_000;
/** What is there for a time only, at a place that was not chosen for that. */
const NOTHING = { files: 0, folders: 0, bytes: 0 };

/** Killed at the moment at which an index that was made anew takes the old one's place: is one of them there? */
export const openclaw91216: Scenario = {
  name: 'openclaw-91216',
  summary: 'killed while the new memory index takes the place of the old one: is one of the two there?',
  document: {
    url: 'https://github.com/openclaw/openclaw/issues/91216',
    says: 'main.sqlite is renamed to main.sqlite.backup-<uuid> before the new one is moved to its place: who opens it between finds none and makes an empty one',
  },
  systems: ['openclaw@2026.6.5', 'openclaw@2026.9.6', 'reference'],
  steps: { full: 2, quick: 1 },
  fault: 'sigkill',
  boot: (release) => ({ ...release.boot, files: indexOf(release).files }),
  checks: [indexStays, allBoots],
  curves: [],
  figures,

  async live(lab) {
    const { rebuild, file } = indexOf(lab.release);
    for (const _ of ['first', 'again']) if (!(await makeAnew(lab, rebuild))) return;
    const swap = swapOf(lab.ops(), file);
    if (swap === undefined) throw new Error(`making the index anew does not change ${file}`);
    lab.point('swap', 1, { callsWithout: swap.callsWithout });
    const places = [
      { ...NOTHING, ...swap },
      worstMoment(lab.ops(), lab.release.promises.root) ?? { ...NOTHING, ...swap },
    ];
    for (let step = lab.from; step <= lab.steps; step += 1) {
      lab.step(step);
      const place = places[(step - 1) % places.length];
      if (place === undefined) throw new Error('there are places to strike at');
      if (step > lab.from && !(await makeAnew(lab, rebuild))) return;
      await ask(lab, 0);
      lab.tellMoment(place);
      if (!(await lab.crashInPlace(rebuild, place.arm))) return;
      await ask(lab, 1);
      if (!(await bootInFull(lab, {}))) return;
      await lab.stop();
      await ask(lab, 2);
    }
  },
};

/** Puts the number of entries into the evidence that the system says its index has; -1: it does not say. */
async function ask(lab: ScenarioLab, x: 0 | 1 | 2): Promise<void> {
  const { shows, entriesIn } = indexOf(lab.release);
  const { stdout } = await lab.command(shows, SHOW_LIMIT_MS);
  lab.point('index', x, { entries: entriesIn(stdout) ?? -1 });
}

function figures(evidence: CellEvidence): Figure[] {
  const calls = pointsOf(evidence, 'swap').at(-1)?.values.callsWithout;
  const moments = evidence.of('worst-moment').map(({ words }) => words);
  if (calls === undefined || moments.length === 0) return [];
  return [
    { what: 'where the crashes fall', measured: moments.join('; '), reproduced: '-' },
    {
      what: 'calls during which there is no index by its name, in an undisturbed command',
      document: 'the file is absent for a time',
      measured: calls === 0 ? 'none: it always has its name' : `${calls}`,
      reproduced: calls === 0 ? 'no' : 'yes',
    },
  ];
}

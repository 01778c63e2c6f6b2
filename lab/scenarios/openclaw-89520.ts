import { crashPoints } from '../crash-point/write-shape.ts';
import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { Figure } from '../result/figure.ts';
import { allBoots } from '../scenario/checks/all-boots.ts';
import { diskBounded } from '../scenario/checks/disk-bounded.ts';
import { leftBehind } from '../scenario/checks/left-behind.ts';
import { survives } from '../scenario/checks/survives.ts';
import { fitLine } from '../scenario/fit.ts';
import { bytesInWords } from '../scenario/in-words.ts';
import { measureLeftBehind } from '../scenario/left-behind.ts';
import { pointsOf } from '../scenario/points.ts';
import type { Scenario, ScenarioLab } from '../scenario/scenario.ts';
import { grownRows, plantLarge } from '../workload/planting.ts';

const MB = 1_000_000;
/** The document's 51 GB in 8,662 files: 5.9 MB each. */
const STORE_BYTES = 6 * MB;
/** Boots after a turn that nothing strikes, for what they leave. */
const UNDISTURBED = { full: 3, quick: 2 };
const KEEP_BYTES = 16 * 1024 * 1024;

/** Orphans over many crashes: does what each of them leaves pile up? */
export const openclaw89520: Scenario = {
  name: 'openclaw-89520',
  summary: 'a store of 6 MB, killed again and again before its rename: what piles up beside it?',
  document: {
    url: 'https://github.com/openclaw/openclaw/issues/89520',
    says: '8,662 orphans with 51 GB after some three months, beside a healthy store of 54 MB',
  },
  systems: ['openclaw@2026.5.28', 'openclaw@2026.7.1', 'reference'],
  steps: { full: 25, quick: 4 },
  fault: 'sigkill',
  checks: [diskBounded, leftBehind, allBoots, survives],
  curves: [
    {
      title: 'temps that a boot leaves',
      series: 'crashes',
      xLabel: 'crashes',
      value: 'tempBytes',
      yLabel: 'bytes',
    },
  ],
  figures,

  async live(lab) {
    const point = crashPoints.find((one) => one.name === 'full-temp');
    if (point === undefined) throw new Error('there is no crash point full-temp');
    if (!(await lab.boot())) return;
    await lab.turn('warm');
    await lab.quiet();
    if (await grow(lab)) {
      if (!(await lab.boot())) return;
      // A first turn writes the store, and shows how.
      await lab.turn('warm');
      await lab.quiet();
    }
    await lab.look('undisturbed', 0);
    for (let boot = 1; boot <= (lab.isQuick ? UNDISTURBED.quick : UNDISTURBED.full); boot += 1) {
      await lab.turn('struck');
      await lab.stop();
      await lab.age();
      if (!(await lab.boot())) return;
      await lab.sweepTime();
      await lab.quiet();
      await lab.look('undisturbed', boot);
    }
    await measureLeftBehind(lab, lab.from - 1);
    for (let crash = lab.from; crash <= lab.steps; crash += 1) {
      lab.step(crash);
      if (!(await lab.crash(point))) return;
      await lab.age();
      if (!(await lab.boot())) return;
      await lab.sweepTime();
      await measureLeftBehind(lab, crash);
      await lab.look('crashes', crash);
    }
  },
};

/** The document's 51 GB and its 8,662 files. */
const DOCUMENT = { bytes: 51e9, files: 8_662 };

function figures(evidence: CellEvidence): Figure[] {
  const points = pointsOf(evidence, 'crashes');
  const line = fitLine(points.map(({ x, values, segment }) => ({ x, y: values.tempBytes ?? 0, segment })));
  const last = points.at(-1);
  if (line === undefined || last === undefined) return [];
  const { slope, halfWidth } = line;
  const piles = slope - halfWidth > 0;
  const store = last.values.storeBytes ?? 0;
  return [
    {
      what: 'what a crash before the rename leaves for ever',
      document: `${(DOCUMENT.bytes / DOCUMENT.files / 1e6).toFixed(2)} MB (51 GB in 8,662 files)`,
      measured: piles
        ? `${bytesInWords(slope)} (95 %: ±${bytesInWords(halfWidth)}), beside a store of ${bytesInWords(store)}`
        : 'nothing that the next boot does not take away',
      reproduced: piles ? 'yes' : 'no',
    },
    {
      what: 'crashes until 51 GB are full',
      document: '8,662 files in about three months',
      measured: piles ? `${Math.ceil(DOCUMENT.bytes / slope)}` : 'never',
      reproduced: piles ? 'yes' : 'no',
    },
    {
      what: 'a sleep at the wrong moment leaves one too',
      document: 'named among the causes',
      measured: 'not by this scenario: every crash here is a SIGKILL',
      reproduced: 'not measured',
      why: 'the matrix has cells with the fault sleep',
    },
  ];
}

/** Makes the store as large as the document's, by copies of one of its own rows. False: its rows are not of a form that can be copied. */
async function grow(lab: ScenarioLab): Promise<boolean> {
  const { store, root } = lab.release.promises;
  if (store.format !== 'json-rows' || store.rowsAt !== undefined) return false;
  await lab.stop();
  const entries = await lab.sidecar.snapshot(root, [store.path], KEEP_BYTES);
  const content = entries.find((entry) => entry.path === store.path)?.contentBase64;
  if (content === undefined) return false;
  const grown = grownRows(Buffer.from(content, 'base64').toString('utf8'), STORE_BYTES);
  await plantLarge(lab.sidecar, [{ path: store.path, content: grown }]);
  return true;
}

import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { Curve, Figure } from '../result/figure.ts';
import { allBoots } from '../scenario/checks/all-boots.ts';
import {
  GROWS,
  heapLine,
  memoryBySize,
  memoryByTurn,
  TURN_KEEPS_BYTES,
  turnLine,
  writesBySize,
  writesLine,
} from '../scenario/checks/by-store-size.ts';
import { survives } from '../scenario/checks/survives.ts';
import { bytesInWords } from '../scenario/in-words.ts';
import { type Point, pointsOf } from '../scenario/points.ts';
import { INSPECTED, type Scenario, type ScenarioLab } from '../scenario/scenario.ts';
import { grownRows, plantLarge } from '../workload/planting.ts';

const MB = 1_000_000;
/** The document's 150,179 lines. */
const DOCUMENT_BYTES = 7.4 * MB;
const FACTORS = { full: [0.25, 0.5, 1, 2, 4], quick: [0.25, 1, 4] };
/** On each store so many turns, or as many as the time allows: a turn that rewrites a large store takes seconds. */
const TURNS = { most: 40, budgetMs: { full: 10_000, quick: 3_000 } };
/** On the document's own store, whatever they take, with a look at the memory now and then. The first ones warm the code up. */
const LONG = { turns: 100, warmUp: 20, every: 10 };
const KEEP_BYTES = 16 * 1024 * 1024;
const SETTLE_MS = 1_000;
const READINGS = 3;

const bySize = (title: string, series: string, value: string, yLabel: string): Curve => ({
  title,
  series,
  value,
  yLabel,
  xLabel: 'bytes of the store that was planted',
});

/** Stores of several sizes: what does a boot keep of them in memory, and what does a turn write? */
export const openclaw51097: Scenario = {
  name: 'openclaw-51097',
  summary: 'stores of 0.25 to 4 times the document’s 7.4 MB: memory after a boot, and what a turn writes',
  document: {
    url: 'https://github.com/openclaw/openclaw/issues/51097',
    says: 'sessions.json of 7.4 MB and 150,179 lines after 19 days, and 1,338 MB resident: "loaded entirely into RAM", rewritten on every turn',
  },
  systems: ['openclaw@2026.3.13', 'openclaw@2026.5.28', 'reference'],
  steps: { full: FACTORS.full.length, quick: FACTORS.quick.length },
  checks: [memoryBySize, memoryByTurn, writesBySize, allBoots, survives],
  curves: [
    bySize('heap after a boot', 'boot', 'heapBytes', 'bytes'),
    bySize('charged to the cgroup after a boot', 'boot', 'chargedBytes', 'bytes'),
    bySize('written by a turn', 'turns', 'bytesPerTurn', 'bytes'),
    bySize('time of a turn', 'turns', 'turnMs', 'ms'),
    {
      title: `heap over turns, on a store of ${DOCUMENT_BYTES / MB} MB`,
      series: 'memory over turns',
      value: 'heapBytes',
      yLabel: 'bytes',
      xLabel: 'turns',
    },
  ],
  figures,

  boot({ usual, boot }) {
    return {
      ...boot,
      env: { ...(usual?.env ?? boot.env), ...INSPECTED },
      files: usual?.files ?? boot.files,
    };
  },

  async live(lab) {
    const factors = lab.isQuick ? FACTORS.quick : FACTORS.full;
    const example = await ownStore(lab);
    if (example === null) return;
    for (let step = lab.from; step <= lab.steps; step += 1) {
      lab.step(step);
      const factor = factors[step - 1] ?? 0;
      const plantedBytes = factor * DOCUMENT_BYTES;
      await plantStore(lab, plantedBytes, example);
      if (!(await lab.boot())) return;
      await lab.idle(SETTLE_MS);
      await lab.quiet();
      lab.point('boot', plantedBytes, { storeBytes: await sizeOfStore(lab), ...(await memory(lab)) });
      await lab.turn('warm');
      await lab.quiet();
      await turnsOn(lab, plantedBytes, factor === 1 && !lab.isQuick);
      await lab.stop();
    }
  },
};

async function turnsOn(lab: ScenarioLab, plantedBytes: number, isLong: boolean): Promise<void> {
  const writtenBefore = lab.writtenBytes();
  const folderBefore = await sizeOfFolder(lab);
  const took: number[] = [];
  const began = performance.now();
  const budgetMs = lab.isQuick ? TURNS.budgetMs.quick : TURNS.budgetMs.full;
  const goesOn = () =>
    isLong ? took.length < LONG.turns : took.length < TURNS.most && performance.now() - began < budgetMs;
  while (goesOn()) {
    const sent = performance.now();
    await lab.turn('warm');
    took.push(performance.now() - sent);
    if (isLong && took.length >= LONG.warmUp && took.length % LONG.every === 0)
      lab.point('memory over turns', took.length, await memory(lab));
  }
  await lab.quiet();
  const turns = took.length;
  lab.point('turns', plantedBytes, {
    turns,
    bytesPerTurn: (lab.writtenBytes() - writtenBefore) / turns,
    growthPerTurn: ((await sizeOfFolder(lab)) - folderBefore) / turns,
    turnMs: took.toSorted((a, b) => a - b)[Math.floor(turns / 2)] ?? 0,
    storeBytes: await sizeOfStore(lab),
  });
}

/** A store that the system itself has written, to be made larger; undefined where its definition can make one. Null: it did not get so far. */
async function ownStore(lab: ScenarioLab): Promise<string | undefined | null> {
  if (lab.release.usual?.grown !== undefined) return undefined;
  if (!(await lab.boot())) return null;
  await lab.turn('warm');
  await lab.quiet();
  await lab.stop();
  const { root, store } = lab.release.promises;
  const entries = await lab.sidecar.snapshot(root, [store.path], KEEP_BYTES);
  const content = entries.find((entry) => entry.path === store.path)?.contentBase64;
  return content === undefined ? null : Buffer.from(content, 'base64').toString('utf8');
}

async function plantStore(lab: ScenarioLab, bytes: number, example: string | undefined): Promise<void> {
  const { usual, promises } = lab.release;
  if (usual?.grown !== undefined) await plantLarge(lab.sidecar, usual.grown(bytes).files);
  else if (example !== undefined)
    await plantLarge(lab.sidecar, [{ path: promises.store.path, content: grownRows(example, bytes) }]);
}

async function memory(lab: ScenarioLab): Promise<Record<string, number>> {
  const readings = [];
  for (let reading = 0; reading < READINGS; reading += 1) readings.push(await lab.heap());
  return {
    heapBytes: Math.min(...readings.map((heap) => heap.usedBytes)),
    residentBytes: Math.min(...readings.map((heap) => heap.residentBytes)),
    chargedBytes: lab.chargedBytes(),
  };
}

/** Where the histories are in files of their own, they are the store. */
async function sizeOfStore(lab: ScenarioLab): Promise<number> {
  if (lab.release.usual?.grown !== undefined) return sizeOfFolder(lab);
  return (await lab.list()).find((entry) => entry.path === lab.release.promises.store.path)?.size ?? 0;
}

async function sizeOfFolder(lab: ScenarioLab): Promise<number> {
  return (await lab.list()).reduce((sum, entry) => sum + (entry.type === 'file' ? entry.size : 0), 0);
}

const each = (points: readonly Point[], value: string, say: (amount: number) => string): string =>
  points.map(({ x, values }) => `${say(values[value] ?? 0)} at ${bytesInWords(x)}`).join(', ');

function figures(evidence: CellEvidence): Figure[] {
  const boots = pointsOf(evidence, 'boot');
  const turns = pointsOf(evidence, 'turns');
  const [first] = boots;
  const last = boots.at(-1);
  if (first === undefined || last === undefined) return [];
  const heap = heapLine(boots);
  const loaded = heap !== undefined && heap.slope - heap.halfWidth > GROWS;
  const written = writesLine(turns);
  const rewritten = written !== undefined && written.slope - written.halfWidth > GROWS;
  // Some trim at a boot, some at the first turn after it.
  const trimmed = turns.filter(({ x, values }) => (values.storeBytes ?? 0) < 0.9 * x);
  return [
    {
      what: 'the store is loaded entirely into RAM',
      document: '"appears to load this file entirely into RAM"',
      measured: `heap after a boot: ${each(boots, 'heapBytes', bytesInWords)}`,
      reproduced: loaded ? 'yes' : 'no',
      ...(trimmed.length > 0 && { why: 'what is trimmed away had to be read once' }),
    },
    {
      what: 'resident',
      document: '1,338 MB after 19 days with 7.4 MB of store',
      measured: `${each(boots, 'residentBytes', bytesInWords)} (charged to the cgroup: ${each(boots, 'chargedBytes', bytesInWords)})`,
      reproduced: 'not measured',
      why: 'no run here lasts for days or has 25 cron jobs; the size of the store alone does this much',
    },
    {
      what: 'every turn rewrites the store',
      document: '"avoid rewriting the entire sessions.json on every turn"',
      measured: `a turn writes ${each(turns, 'bytesPerTurn', bytesInWords)}; ${each(turns, 'growthPerTurn', (bytes) => `${Math.round(bytes)} bytes of it stay`)}; so it writes ${turns.map(({ values }) => Math.round((values.bytesPerTurn ?? 0) / Math.max(1, values.growthPerTurn ?? 0))).join(', ')} times what it adds`,
      reproduced: rewritten ? 'yes' : 'no',
    },
    {
      what: 'the store grows without bound',
      document: '150,179 lines',
      measured:
        trimmed.length === 0
          ? 'no store was trimmed'
          : `trimmed by a boot or its first turns: ${trimmed.map(({ x, values }) => `${bytesInWords(x)} to ${bytesInWords(values.storeBytes ?? 0)}`).join(', ')}`,
      ...(trimmed.length > 0
        ? { reproduced: 'no' as const }
        : evidence.promises.retention === undefined
          ? { reproduced: 'yes' as const }
          : {
              reproduced: 'not measured' as const,
              why: 'these are histories; rows are bounded, and cells judge that (retention)',
            }),
    },
    {
      what: 'memory grows with every conversation turn',
      document: '"growing with every conversation turn"',
      ...byTurn(evidence),
    },
    {
      what: 'slow answers',
      document: '"slow responses and eventual unresponsiveness"',
      measured: `a turn takes ${each(turns, 'turnMs', (ms) => `${Math.round(ms)} ms`)} (medians of ${turns.map(({ values }) => values.turns).join(', ')} turns)`,
      reproduced: (turns.at(-1)?.values.turnMs ?? 0) > 2 * (turns[0]?.values.turnMs ?? 0) ? 'yes' : 'no',
    },
  ];
}

function byTurn(evidence: CellEvidence): Pick<Figure, 'measured' | 'reproduced' | 'why'> {
  const line = turnLine(evidence);
  if (line === undefined)
    return { measured: 'too few turns in the quick form', reproduced: 'not measured', why: 'the full form takes 100' };
  const measured = `${Math.round(line.slope)} bytes of heap a turn (95 %: ±${Math.round(line.halfWidth)})`;
  return { measured, reproduced: line.slope - line.halfWidth > TURN_KEEPS_BYTES ? 'yes' : 'no' };
}

import { allBoots } from '../scenario/checks/all-boots.ts';
import { memoryBySize, writesBySize } from '../scenario/checks/by-store-size.ts';
import { grownRows, plantLarge } from '../scenario/planting.ts';
import { INSPECTED, type Scenario, type ScenarioLab } from '../scenario/scenario.ts';

/** The document's 150,179 lines. */
const DOCUMENT_BYTES = 7_400_000;
const FACTORS = { full: [0.25, 0.5, 1, 2, 4], quick: [0.25, 1, 4] };
const TURNS = { full: 60, quick: 10 };
const KEEP_BYTES = 16 * 1024 * 1024;
const SETTLE_MS = 1_000;
const READINGS = 3;

/** Stores of several sizes: what does a boot keep of them in memory, and what does a turn write? */
export const openclaw51097: Scenario = {
  name: 'openclaw-51097',
  summary: 'stores of 0.25 to 4 times the document’s 7.4 MB: memory after a boot, and what a turn writes',
  document: {
    url: 'https://github.com/openclaw/openclaw/issues/51097',
    says: 'sessions.json of 7.4 MB and 150,179 lines after 19 days, and 1,338 MB resident: "loaded entirely into RAM", rewritten on every turn',
  },
  gateways: ['openclaw@2026.3.13', 'openclaw@2026.5.28', 'reference'],
  steps: { full: FACTORS.full.length, quick: FACTORS.quick.length },
  checks: [memoryBySize, writesBySize, allBoots],

  boot({ usual, boot }) {
    return {
      ...boot,
      env: { ...(usual?.env ?? boot.env), ...INSPECTED },
      files: usual === undefined ? boot.files : [],
    };
  },

  async live(lab) {
    const isQuick = lab.steps === FACTORS.quick.length;
    const example = await ownStore(lab);
    if (example === null) return;
    for (const [index, factor] of (isQuick ? FACTORS.quick : FACTORS.full).entries()) {
      lab.step(index + 1);
      const session = await plantStore(lab, factor * DOCUMENT_BYTES, example);
      if (!(await lab.boot())) return;
      await lab.idle(SETTLE_MS);
      await lab.quiet();
      lab.point('boot', factor, { plantedBytes: factor * DOCUMENT_BYTES, ...(await memory(lab)) });
      await lab.turn(session);
      await lab.quiet();
      const before = lab.writtenBytes();
      const turns = isQuick ? TURNS.quick : TURNS.full;
      const began = Date.now();
      for (let turn = 1; turn <= turns; turn += 1) await lab.turn(session);
      const turnMs = (Date.now() - began) / turns;
      await lab.quiet();
      const bytesPerTurn = (lab.writtenBytes() - before) / turns;
      lab.point('turns', factor, { bytesPerTurn, turnMs, storeBytes: await sizeOfStore(lab), ...(await memory(lab)) });
      await lab.stop();
    }
  },
};

/** A store that the gateway itself has written, to be made larger; undefined where its definition can make one. Null: it did not get so far. */
async function ownStore(lab: ScenarioLab): Promise<string | undefined | null> {
  if (lab.release.usual !== undefined) return undefined;
  if (!(await lab.boot())) return null;
  await lab.turn('warm');
  await lab.quiet();
  await lab.stop();
  const { root, store } = lab.release.promises;
  const entries = await lab.sidecar.snapshot(root, [store.path], KEEP_BYTES);
  const content = entries.find((entry) => entry.path === store.path)?.contentBase64;
  return content === undefined ? null : Buffer.from(content, 'base64').toString('utf8');
}

/** Plants a store of this size; gives the name of a session that turns may go to. */
async function plantStore(lab: ScenarioLab, bytes: number, example: string | undefined): Promise<string> {
  const { usual, promises } = lab.release;
  if (usual !== undefined) await plantLarge(lab.sidecar, usual.grown(bytes).files);
  else if (example !== undefined)
    await plantLarge(lab.sidecar, [{ path: promises.store.path, content: grownRows(example, bytes) }]);
  return 'warm';
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

async function sizeOfStore(lab: ScenarioLab): Promise<number> {
  const entries = await lab.list();
  if (lab.release.usual === undefined)
    return entries.find((entry) => entry.path === lab.release.promises.store.path)?.size ?? 0;
  return entries.reduce((sum, entry) => sum + (entry.type === 'file' ? entry.size : 0), 0);
}

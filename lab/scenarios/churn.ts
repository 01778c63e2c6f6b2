import { heapBounded } from '../scenario/checks/heap-bounded.ts';
import { survives } from '../scenario/checks/survives.ts';
import { plantLarge } from '../scenario/planting.ts';
import { INSPECTED, type Scenario, type ScenarioLab } from '../scenario/scenario.ts';
import type { Heap } from '../sidecar/client.ts';

/** Of each kind between two points. */
const BATCH = { full: 1_500, quick: 1_000 };
const WARM_UP_BATCHES = 2;
const QUICK_STEPS = 6;
const READINGS = 3;
const NO_HEAP: Heap = { usedBytes: 0, totalBytes: 0, externalBytes: 0, residentBytes: 0 };

/** Small things by the thousand, each kind alone: what stays of them in the heap? */
export const churn: Scenario = {
  name: 'churn',
  summary: 'thousands of runs, of clients and of transcripts, each kind alone: what stays of each in the heap?',
  gateways: ['reference'],
  steps: { full: 10, quick: QUICK_STEPS },
  checks: [heapBounded, survives],
  curves: ['runs', 'clients', 'transcripts'].map((series) => ({
    title: `heap after a collection: ${series}`,
    series,
    xLabel: series,
    value: 'heapBytes',
    yLabel: 'bytes',
  })),
  figures: () => [],

  boot(release) {
    const { usual, boot } = release;
    const more = Object.assign({}, ...(usual?.churn ?? []).map((kind) => kind.env));
    return { ...boot, env: { ...(usual?.env ?? boot.env), ...more, ...INSPECTED }, files: [] };
  },

  async live(lab) {
    const kinds = lab.release.usual?.churn ?? [];
    await plantLarge(
      lab.sidecar,
      kinds.flatMap((kind) => kind.files ?? []),
    );
    if (!(await lab.boot())) return;
    const batch = lab.isQuick ? BATCH.quick : BATCH.full;
    for (const [index, kind] of kinds.entries()) {
      let sent = 0;
      for (let point = 1; point <= lab.steps; point += 1) {
        lab.step(index * lab.steps + point);
        // The first ones fill what may be remembered, and warm the code up.
        const count = (point === 1 ? 1 + WARM_UP_BATCHES : 1) * batch;
        await lab.requests(kind.request, count, (kind.from ?? 1) + sent);
        sent += count;
        await lab.idle(kind.forgetsWithinMs);
        lab.point(kind.name, sent, await smallestHeap(lab));
      }
    }
  },
};

/** What is alive is in every reading; what was just being worked on is not: the smallest of several is the nearest to it. */
async function smallestHeap(lab: ScenarioLab): Promise<Record<string, number>> {
  const readings: Heap[] = [];
  for (let reading = 0; reading < READINGS; reading += 1) readings.push(await lab.heap());
  const [{ usedBytes, totalBytes, externalBytes, residentBytes } = NO_HEAP] = readings.sort(
    (a, b) => a.usedBytes - b.usedBytes,
  );
  return { heapBytes: usedBytes, totalBytes, externalBytes, residentBytes };
}

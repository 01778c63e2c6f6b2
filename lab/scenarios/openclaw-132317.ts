import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { Figure } from '../result/figure.ts';
import {
  allowedMs,
  bootsWithoutWaiting,
  goodFor,
  type StopInBoot,
  stopsInBoot,
  undisturbedBoot,
} from '../scenario/checks/boots-without-waiting.ts';
import { inSeconds } from '../scenario/in-words.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { Lease, Release } from '../system.ts';

function leaseOf(release: Release): Lease {
  const { lease } = release.usual ?? {};
  if (lease === undefined) throw new Error(`${release.system} has no lease in its definition`);
  return lease;
}

/** SIGTERM in a boot, while that has a lease: what does the next boot make of it? */
export const openclaw132317: Scenario = {
  name: 'openclaw-132317',
  summary: 'SIGTERM early in its boot, while that holds a lease: how long does the next boot wait for the dead one?',
  document: {
    url: 'https://github.com/openclaw/openclaw/issues/132317',
    says: 'SIGTERM before the signal handlers are there leaves the five-minute lease core:plugin-lifecycle/global, and the replacement waits for it',
  },
  systems: ['openclaw@2026.8.1', 'openclaw@2026.9.6', 'reference'],
  steps: { full: 2, quick: 1 },
  fault: 'stop',
  boot: (release) => ({ ...release.boot, files: leaseOf(release).files }),
  checks: [bootsWithoutWaiting],
  curves: [],
  figures,

  async live(lab) {
    const lease = leaseOf(lab.release);
    const asInstalled = await lab.copyFolder();
    const began = Date.now();
    if (!(await lab.boot())) return;
    const undisturbedMs = Date.now() - began;
    await lab.stop();
    await lab.tellHolder(lease, 'stopped');
    const arm = { ...lease.calls, at: 'before' } as const;
    const isHeld = async () =>
      (await lab.holderOf(lease)) !== undefined && (await lab.tellHolder(lease, 'held')) !== undefined;
    for (let step = lab.from; step <= lab.steps; step += 1) {
      lab.step(step);
      // Each boot has the same to do.
      await lab.putBack(asInstalled);
      if (!(await lab.crashInBootWhere(arm, isHeld))) return;
      const left = await lab.tellHolder(lease, 'struck');
      // The first time whether it waits, and then for how long.
      const waitsMs = step === 1 ? 0 : Math.max(0, (left?.expiresAt ?? 0) - Date.now());
      await lab.bootWithin(allowedMs(undisturbedMs) + waitsMs);
      await lab.tellHolder(lease, 'booted');
      await lab.stop();
    }
  },
};

function figures(evidence: CellEvidence): Figure[] {
  const undisturbed = undisturbedBoot(evidence);
  const stops = stopsInBoot(evidence).filter(({ held, next }) => held !== undefined && next !== undefined);
  if (undisturbed?.type !== 'ready' || stops.length === 0) return [];
  const lefts = stops.flatMap(({ left }) => (left?.expiresAt === undefined ? [] : [left]));
  const isLate = stops.some(({ next, nextMs }) => next?.type !== 'ready' || nextMs > allowedMs(undisturbed.tookMs));
  return [
    {
      what: 'the lease when the stopped process has ended',
      document: 'it stays, for five minutes',
      measured:
        lefts.length === 0
          ? 'none stays'
          : lefts.map((left) => `${left.name} of ${left.owner}, ${goodFor(left)}`).join('; '),
      reproduced: lefts.length === 0 ? 'no' : 'yes',
    },
    { what: 'an undisturbed boot', measured: `ready after ${inSeconds(undisturbed.tookMs)}`, reproduced: '-' },
    {
      what: 'the boot after the stop',
      document: 'waits for the lease to end',
      measured: stops.map(nextInWords).join('; '),
      reproduced: isLate ? 'yes' : 'no',
    },
  ];
}

function nextInWords({ left, next, nextMs, after }: StopInBoot): string {
  if (next?.type !== 'ready') {
    const still = left !== undefined && after?.owner === left.owner ? `, and the lease is still ${left.owner}'s` : '';
    return `not ready after ${inSeconds(nextMs)}${still}`;
  }
  const end = left?.expiresAt === undefined ? '' : `, ${sinceEnd(next.tReady - left.expiresAt)}`;
  return `ready after ${inSeconds(nextMs)}${end}`;
}

const sinceEnd = (ms: number): string =>
  ms < 0 ? `${inSeconds(-ms)} before the lease would have ended` : `${inSeconds(ms)} after the lease had ended`;

import type { GateEvent } from '../gate/protocol.ts';
import type { Release } from '../system.ts';
import { differences } from './compare.ts';
import { crashStates, type DistinctState, type Model, type Reduced, reduce } from './crash-state.ts';
import { pathsOf, type Violation } from './finding.ts';
import { digestOf, type FolderImage } from './folder-image.ts';
import { StateJudge, wholeVersions } from './judge-state.ts';
import { type Turn, turnsAt, type WriteRecord } from './record.ts';
import { Replay } from './replay.ts';

/** What the states of a record come to, before any system is booted on them. */
export interface Judged {
  reduced: Reduced;
  violations: Violation[];
}

/** Why the record can't be trusted to be all that happened; empty: its replay is the real folder, byte for byte. */
export function unfaithful(record: WriteRecord): string[] {
  const replay = new Replay(record, 'when-asked');
  while (replay.index < record.steps.length) replay.step();
  const wrong = differences(replay.image, record.end, () => false, record.sharedMemory);
  return [
    ...record.unrecorded.map(({ path: file, why }) => `the record does not have all: ${file}: ${why}`),
    ...wrong.slice(0, 5).map((one) => `the replay is not the real folder: ${one}`),
    ...(wrong.length > 5 ? [`and ${wrong.length - 5} more differences`] : []),
  ];
}

/** @param versions of the store that are whole. Absent: those that the record shows */
export function judgeStates(
  record: WriteRecord,
  { promises }: Pick<Release, 'promises'>,
  { models }: { models: readonly Model[] },
  versions: ReadonlySet<string> = wholeVersions(record, promises.store.path),
): Judged {
  const judge = new StateJudge(promises, versions, record.upgrade?.hadStore === false);
  const violations: Violation[] = [];
  const reduced = reduce(record, models, (digest, { origin, image }, turns) => {
    for (const { check, verdict, detail } of judge.judge(image, turns)) {
      if (verdict !== 'violated') continue;
      const onExt4 = origin.model === 'power-loss' && origin.onExt4;
      violations.push({ check, detail, digest, origin, paths: pathsOf(origin, image), onExt4 });
    }
  });
  return { reduced, violations };
}

/** The images of some states, for whoever outlives the record: it is played again, so that nobody has to hold them all. */
export function imagesOf(
  record: WriteRecord,
  models: readonly Model[],
  digests: ReadonlySet<string>,
): Map<string, FolderImage> {
  const images = new Map<string, FolderImage>();
  if (digests.size === 0) return images;
  for (const { image } of crashStates(record, models, undefined, 'at-once')) {
    const digest = digestOf(image);
    if (digests.has(digest) && !images.has(digest)) images.set(digest, image);
  }
  return images;
}

/** The turns at the last crash point that leaves a state, where the most were acknowledged. */
export function mostAcknowledged(record: WriteRecord, { steps }: DistinctState): Turn[] {
  const last = Math.max(...steps['process-crash'], ...steps['power-loss']);
  return turnsAt(record, last);
}

/** How the system was seen to write: in the whole record, since a temp is known by what is done to it later. */
export function seenIn(record: WriteRecord): GateEvent[] {
  return [...record.seen, ...record.steps.flatMap((step) => (step.event === undefined ? [] : [step.event]))];
}

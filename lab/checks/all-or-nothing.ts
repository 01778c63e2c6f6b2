import type { Check, Judged } from '../check.ts';
import { activityOf } from '../crash-point/activity.ts';
import type { CellEvidence, Listing } from '../evidence/cell-evidence.ts';
import type { GateEvent, GateEventOf } from '../gate/protocol.ts';
import { oneOfTwo } from '../observe/judge-answers.ts';
import { writeUnderWay } from '../result/exercise.ts';
import { held, inconclusive, notApplicable, type Verdict, violated } from '../result/verdict.ts';
import { storeAt, storeEntry } from './store.ts';

/**
 * The sizes that whole versions of a file had: what was written to it since it was made or emptied, counted when it was renamed over the store, or,
 * for a store that is written in place, counted at its end. A write that was torn counts with what it asked for.
 * @param isGone temps that were renamed or removed by a call whose event a kill took: a whole version as well
 */
export function wholeSizes(
  events: readonly GateEvent[],
  store: string,
  isGone: (temp: string) => boolean = () => false,
): Set<number> {
  const asked = new Map<string, number>();
  const whole = new Set<number>();
  for (const event of events) {
    // A write that was cut short did less than it was asked for, and the next one does the rest.
    if (event.ev === 'answered' && event.op === 'write' && event.result >= 0) {
      const write = events.find((one) => one.ev === 'op' && one.seq === event.of);
      const rest = write?.ev === 'op' && typeof write.offset !== 'number' ? (write.bytes ?? 0) - event.result : 0;
      asked.set(event.path, (asked.get(event.path) ?? 0) - rest);
    }
    if (event.ev !== 'op' && event.ev !== 'held') continue;
    switch (event.op) {
      case 'create':
      case 'truncate':
        asked.set(event.path, 0);
        break;
      case 'write':
        if (event.ev === 'op') asked.set(event.path, sizeAfter(asked.get(event.path) ?? 0, event));
        break;
      case 'rename':
        if (event.to === store && (event.ev === 'op' || event.at === 'after')) whole.add(asked.get(event.path) ?? -1);
        break;
    }
  }
  for (const [temp, size] of asked) if (isGone(temp)) whole.add(size);
  const inPlace = asked.get(store);
  if (inPlace !== undefined) whole.add(inPlace);
  return whole;
}

/** A write at an offset may repeat what an earlier one was asked for and did not do. */
function sizeAfter(size: number, write: GateEventOf<'op'>): number {
  const bytes = write.bytes ?? 0;
  return typeof write.offset === 'number' ? Math.max(size, write.offset + bytes) : size + bytes;
}

function gateBefore(evidence: CellEvidence, t: number): GateEvent[] {
  return evidence
    .of('gate')
    .filter((event) => event.t <= t && !evidence.isRefused(event.event))
    .map((event) => event.event);
}

/**
 * A database that is not the old one: during the hold nothing was written, so after a kill it must be what it was at the hold; a system that went on, or that
 * was let go to stop by itself, has committed, and then SQLite's own check must pass.
 */
function database({ evidence, fault, proof }: Judged, moment: 'struck' | 'woken', listing: Listing): Verdict {
  const after = storeEntry(evidence, moment);
  // A kill that no hold went before may have fallen behind a commit.
  // Between the two writes that were struck it was booted, and may have committed.
  const wentOn = evidence.gateOf('released', 1).length > 0 || fault.strikesNextWrite === true;
  if (fault.lethal && !wentOn && fault.isControl !== true && evidence.snapshot('held') !== undefined) {
    return after?.sha256 === storeEntry(evidence, 'held')?.sha256
      ? held(proof, 'exactly the rows that were committed before the hold')
      : violated('its rows are neither the old ones nor those committed before the hold', listing);
  }
  const store = storeAt(evidence, moment);
  return store.state === 'valid'
    ? held(proof, `later rows, ${store.rows} of them, and SQLite's integrity_check passes`)
    : violated(`the store is ${store.state}${'why' in store ? `: ${store.why}` : ''}`, listing);
}

export const allOrNothing: Check = {
  id: 'all-or-nothing',
  promise: 'after the fault the store is the old one or the new one, whole, and never a mixture',

  exercised: ({ evidence }) => writeUnderWay(evidence),

  judge(judged) {
    const { evidence, fault, proof } = judged;
    const { answers, store } = evidence.cell.promises;
    if (answers !== undefined) return oneOfTwo(judged, answers);
    const { path, format } = store;
    const moment = fault.lethal ? 'struck' : 'woken';
    const listing = evidence.snapshot(moment);
    const before = storeEntry(evidence, 'before');
    if (listing === undefined || evidence.snapshot('before') === undefined)
      return inconclusive(`the state folder was not looked at (${listing === undefined ? moment : 'before'})`);
    const after = storeEntry(evidence, moment);
    if (before === undefined && activityOf(evidence.cell.crashPoint) === 'first-boot')
      return notApplicable('before the first boot of all there is no store that could be the old one');
    if (before === undefined) return inconclusive('there was no store before the fault to compare with');
    if (after === undefined) return violated('the store is gone: neither the old one nor a new one', listing);
    if (after.sha256 === before.sha256) return held(proof, `the old store, unchanged (${after.size} bytes)`, listing);
    if (format === 'sqlite') return database(judged, moment, listing);
    const events = gateBefore(evidence, listing.t);
    const removed = new Set(events.flatMap((one) => (one.ev === 'op' && one.op === 'unlink' ? [one.path] : [])));
    const isHeld = evidence.snapshot('held') !== undefined;
    const whole = wholeSizes(
      events,
      path,
      (file) => !isHeld && evidence.isTemp(file) && !removed.has(file) && evidence.entry(moment, file) === undefined,
    );
    if (whole.has(after.size)) return held(proof, `the new store, complete (${after.size} bytes)`, listing);
    const sizes = [...whole].filter((size) => size >= 0).join(', ') || 'none';
    return violated(
      `the store has ${after.size} bytes; it is not the old one (${before.size}) and no whole new one (${sizes})`,
      listing,
    );
  },
};

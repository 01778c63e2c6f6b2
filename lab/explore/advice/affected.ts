import { Durability, moments } from '../power-loss.ts';
import type { WriteRecord } from '../record.ts';
import { Replay } from '../replay.ts';
import type { Altered } from './altered-record.ts';

/**
 * What is pending at each crash point of a record, and where a record without some of its syncs has more pending: only there a power loss can leave what it
 * could not leave before.
 */
export class PendingChanges {
  readonly #at: readonly string[];

  constructor(record: WriteRecord) {
    this.#at = [...pendingAt(record, (step) => step)];
  }

  /** @returns those crash points, by the steps of the altered record */
  pointsOf({ record, original }: Altered): number[] {
    const points: number[] = [];
    let step = 0;
    for (const pending of pendingAt(record, original)) {
      if (pending !== this.#at[original(step)]) points.push(step);
      step += 1;
    }
    return points;
  }
}

/** The changes of names and data that no sync made durable, by the steps that made them. */
function* pendingAt(record: WriteRecord, original: (step: number) => number): Generator<string, void, void> {
  const replay = new Replay(record, 'when-asked');
  const durability = new Durability(replay);
  for (const _ of moments(replay, durability)) {
    const { names, data } = durability.pending;
    const ofData = data.map(({ id, step, ranges }) => `${id} ${original(step)} ${ranges.length}`);
    yield `${names.map(({ step }) => original(step)).join()}; ${ofData.sort().join()}`;
  }
}

import type { Check } from '../check.ts';
import { activityOf } from '../crash-point/activity.ts';
import { held, inconclusive, notApplicable, violated } from '../result/verdict.ts';
import { storeAt } from './store.ts';

export const writesBounded: Check = {
  id: 'writes-bounded',
  promise: 'a turn writes what it changed, and not the whole store',

  exercised({ evidence }) {
    const turn = evidence.of('turn').find((one) => one.name === 'warm' && one.result.acknowledged);
    return turn === undefined ? undefined : { by: 'what one turn wrote' };
  },

  judge({ evidence, proof }) {
    const most = evidence.cell.promises.turnWritesAtMostBytes;
    if (most === undefined) return notApplicable('no promise limits what a write writes');
    if (activityOf(evidence.cell.crashPoint) !== undefined)
      return notApplicable('judged in the cells whose fault strikes during a write');
    const turn = evidence.of('turn').find((one) => one.name === 'warm');
    const until = evidence.snapshot('before');
    if (turn === undefined || until === undefined)
      return inconclusive('the calls of the write before the fault were not seen');
    if (!turn.result.acknowledged) return inconclusive('the write before the fault was not acknowledged');
    // Two machines' clocks differ: the turn's beginning and a call are by the system's, its arrival here and the snapshot by the lab's.
    const writes = evidence
      .of('gate')
      .filter(({ t, boot }) => boot === 1 && t <= until.t)
      .flatMap(({ event }) =>
        event.ev === 'op' && event.op === 'write' && event.t >= turn.result.tSent ? [event] : [],
      );
    const bytes = writes.reduce((sum, op) => sum + (op.bytes ?? 0), 0);
    const store = storeAt(evidence, 'before');
    const beside = store.state === 'valid' ? `, beside a store of ${store.bytes} bytes` : '';
    const heaviest = writes.toSorted((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0));
    if (bytes > most)
      return violated(
        `one turn wrote ${bytes} bytes, and at most ${most} are promised${beside}: ${heaviest
          .slice(0, 3)
          .map((op) => `${op.bytes} to ${op.path}`)
          .join(', ')}`,
        turn,
        ...heaviest.slice(0, 3),
      );
    return held(
      proof,
      `one turn wrote ${bytes} bytes in ${writes.length} writes${beside}`,
      turn,
      ...heaviest.slice(0, 3),
    );
  },
};

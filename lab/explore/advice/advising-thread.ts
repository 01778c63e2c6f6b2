/*
 * The thread in which a record is weighed: it computes for a minute and more where a record is long, while the lab has systems to attend to.
 */
import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { Promises } from '../../system.ts';
import { nameOf } from '../crash-state.ts';
import { seenIn } from '../judged.ts';
import { keepState } from '../kept-state.ts';
import { beforeOf, type WriteRecord } from '../record.ts';
import { openRecord } from '../record-file.ts';
import { type AdvisedState, advise } from './advise.ts';

/** What is weighed there. */
export interface AdvisingWork {
  /** Of the exploration: its record is read, and the states that show what a call is needed for are kept in it. */
  readonly folder: string;
  readonly draws: NonNullable<WriteRecord['draws']>;
  readonly promises: Promises;
  /** Nothing more is weighed from then on, in ms since 1970. */
  readonly endsAt: number;
}

/** So long, at most, it computes: whatever else the machine does. */
const COMPUTES_MS = 120_000;

/** This thread's processor time. */
function computedMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

const { folder, draws, promises, endsAt } = workerData as AdvisingWork;
using open = openRecord(path.join(folder, 'record'));
const record = { ...open.record, draws };
const advice = await advise(record, promises, {
  isOver: () => performance.now() >= endsAt - performance.timeOrigin || computedMs() >= COMPUTES_MS,
  keep: (state) => keep(record, state),
});
parentPort?.postMessage(advice);

/** Keeps a state that shows what a call is needed for. @returns its folder, below the exploration's */
async function keep(record: WriteRecord, state: AdvisedState): Promise<string> {
  const { system, version } = record;
  const name = nameOf(state.digest);
  const at = path.join('advice', name);
  await keepState(path.join(folder, at), {
    ...state,
    name,
    system,
    version,
    seen: seenIn(record),
    ...beforeOf(record),
  });
  return at;
}

import { randomUUID } from 'node:crypto';
import type { Engine } from '../engine/engine.ts';
import { Pod } from '../pod/pod.ts';
import { type Age, type Booted, type BootStateOptions, bootState, StateSink, type StateToBoot } from './boot-state.ts';
import type { Subject } from './record-workload.ts';

/** A state to boot, and how old it is then. */
export interface Boot {
  readonly state: StateToBoot;
  readonly age: Age;
  /** Where a record of the boot goes. */
  readonly recordTo?: string;
  done(booted: Booted): void;
}

/** Where the boots come from. */
export interface BootSource {
  /** The next one, once it is known; undefined when there is none, or no time for it. */
  next(): Promise<Boot | undefined>;
  /** The lab can't go on: from now on there is no next one, and whoever waits for one is told so. */
  close(): void;
}

/** So many states are booted in one pod; then it gets a new one, so that what a system leaves outside its folder can't pile up. */
const STATES_PER_POD = 200;

/** A state waits half of its time, for the system to leave its folder alone. */
const JOBS_PER_CPU = 2;
const MOST_JOBS = 8;

/** How many states are booted at a time where nobody says. */
export const exploreJobs = (engine: Engine): number =>
  Math.max(1, Math.min(engine.facts.cpus * JOBS_PER_CPU, MOST_JOBS));

/** Boots states one after the other, in `jobs` pods at a time. */
export async function bootAll(
  engine: Engine,
  subject: Subject,
  jobs: number,
  label: string,
  source: BootSource,
  { standIns, signal }: Pick<BootStateOptions, 'standIns' | 'signal'>,
): Promise<void> {
  const worker = async (number: number) => {
    for (let boot = await source.next(); boot !== undefined; ) {
      signal.throwIfAborted();
      const sink = new StateSink();
      const name = `midwrite-${randomUUID().slice(0, 13)}`;
      await using pod = await Pod.start(
        engine,
        {
          ...subject,
          label: `${label}/${number}-${name}`,
          name,
          firstCommands: ['record'],
          tellsOpens: true,
          onGateEvent: (event) => sink.event(event),
        },
        sink,
      );
      for (let count = 0; boot !== undefined && count < STATES_PER_POD; count += 1) {
        signal.throwIfAborted();
        const options = { recordTo: boot.recordTo, standIns, signal };
        boot.done(await bootState(pod, sink, subject, boot.state, boot.age, options));
        boot = await source.next();
      }
    }
  };
  const guarded = (number: number) =>
    worker(number).catch((error: unknown) => {
      source.close();
      throw error;
    });
  const settled = await Promise.allSettled(Array.from({ length: jobs }, (_, number) => guarded(number)));
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

import { randomUUID } from 'node:crypto';
import type { Engine } from '../engine/engine.ts';
import { Pod } from '../pod/pod.ts';
import {
  type Age,
  type Booted,
  type BootStateOptions,
  type BootVerdict,
  bootState,
  StateSink,
  type StateToBoot,
} from './boot-state.ts';
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

/** One whose boot takes so long computes all the time. */
const LONG_BOOT_MS = 5_000;

export type BootAllOptions = Pick<BootStateOptions, 'standIns' | 'processors' | 'signal'>;

/** Boots states one after the other, several at a time, each in a pod of its own. */
export async function bootAll(
  engine: Engine,
  subject: Subject,
  label: string,
  source: BootSource,
  { processors, ...options }: BootAllOptions,
): Promise<void> {
  const { signal } = options;
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
          tellsOpens: true,
          onGateEvent: (event) => sink.event(event),
        },
        sink,
      );
      for (let count = 0; boot !== undefined && count < STATES_PER_POD; count += 1) {
        signal.throwIfAborted();
        const { state, age } = boot;
        const booted = await bootTwiceIfRefused(boot, (recordTo) =>
          bootState(pod, sink, subject, state, age, { ...options, processors, recordTo }),
        );
        const ready = booted.evidence.of('ready');
        if (ready.length > 0 && ready.every(({ tookMs }) => tookMs < LONG_BOOT_MS)) processors.areFast();
        boot.done(booted);
        boot = await source.next();
      }
    }
  };
  const guarded = (number: number) =>
    worker(number).catch((error: unknown) => {
      source.close();
      throw error;
    });
  const settled = await Promise.allSettled(Array.from({ length: processors.lives }, (_, number) => guarded(number)));
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** What a state does to a system it does each time; a system that gave up since the machine was slow does not. */
async function bootTwiceIfRefused(
  { recordTo }: Boot,
  boot: (recordTo: string | undefined) => Promise<Booted>,
): Promise<Booted> {
  const first = await boot(recordTo);
  if (!first.verdicts.some(isRefusal)) return first;
  const again = await boot(first.isRecorded ? undefined : recordTo);
  return {
    ...again,
    isRecorded: first.isRecorded || again.isRecorded,
    verdicts: ofBoth(first.verdicts, again.verdicts),
    tookMs: first.tookMs + again.tookMs,
  };
}

const isRefusal = ({ check, verdict }: BootVerdict): boolean =>
  verdict === 'violated' && (check === 'boots' || check === 'serves');

/** What was violated only one of two times is not known. */
export function ofBoth(first: readonly BootVerdict[], again: readonly BootVerdict[]): BootVerdict[] {
  const known = new Map(first.map((one) => [one.check, one]));
  return again.map((second) => {
    const broken = [known.get(second.check), second].filter((one) => one?.verdict === 'violated');
    const [once] = broken;
    if (once === undefined || broken.length > 1) return second;
    const detail = `violated one of the two times that the state was booted: ${once.detail}`;
    return { check: second.check, verdict: 'inconclusive', detail };
  });
}

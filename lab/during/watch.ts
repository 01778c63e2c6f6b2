import { randomUUID } from 'node:crypto';
import { endLife, plantFor } from '../cell/live-during.ts';
import { type Activity, commandOf, isBootAfterLife } from '../crash-point/activity.ts';
import { fewOfEachKind, type Place, placesOf } from '../crash-point/places.ts';
import { rolesAmongCalls } from '../crash-point/roles-among.ts';
import { worstMoment } from '../crash-point/transient.ts';
import type { Engine } from '../engine/engine.ts';
import type { GateEventOf } from '../gate/protocol.ts';
import type { Observed } from '../observe/observe.ts';
import { Sink } from '../observe/sink.ts';
import { Pod } from '../pod/pod.ts';
import { Problem } from '../problem.ts';
import { Session } from '../session/session.ts';
import { cleanupEnds, prepare, startCleanup } from '../workload/beginning.ts';

/** What an undisturbed activity was seen to do. */
export interface Watched {
  places: Place[];
  /** Places that the default plan leaves out. */
  others: Place[];
  /** Calls that change the state folder. */
  calls: number;
}

/** OpenClaw's command line takes 5 to 30 s by itself, and more on a busy machine. */
const COMMAND_LIMIT_MS = 240_000;

/** The place at which the activity has most on disk that it takes away again. */
export const WORST = 'most';

/**
 * Watches one undisturbed boot, stop or clean-up on the folder that an ordinary life has left or a killed one, or a first boot.
 * @param every each call is a place
 * @throws Problem not-ready, bad-usage: the system has no such activity, or changes nothing in it
 */
export async function watchActivity(
  engine: Engine,
  { release, images, memoryBytes }: Observed,
  activity: Activity,
  { label, every, signal }: { label: string; every: boolean; signal: AbortSignal },
): Promise<Watched> {
  if (release.lifecycle === 'command')
    throw new Problem(
      'bad-usage',
      `${release.system} is a command that is run for each write: it has no ${activity} of its own. Leave --during out.`,
    );
  const sink = new Sink();
  const name = `midwrite-${randomUUID().slice(0, 13)}`;
  await using pod = await Pod.start(
    engine,
    { label: `${label}/${activity}`, name, release, images, memoryBytes },
    sink,
  );
  const session = new Session(pod, release, sink, signal);
  const boot = async () => {
    if (await session.boot()) return;
    throw new Problem('not-ready', `${release.system}@${release.version} did not get ready: ${sink.whyNotReady}`);
  };
  const ops = () => pod.gate.events.filter((event): event is GateEventOf<'op'> => event.ev === 'op');
  const watchedBoot = async () => {
    await session.snapshot('before');
    await boot();
    // A life that was stopped has left nothing for a sweep.
    await session.sweepTime(activity === 'recovery' ? undefined : []);
    await session.quiet();
    return ops();
  };
  const command = commandOf(release, activity);
  let calls: readonly GateEventOf<'op'>[];
  if (activity === 'first-boot') {
    await session.configure();
    calls = await watchedBoot();
  } else if (activity === 'cleanup') {
    const beginner = {
      pod,
      session,
      release,
      workload: { name: 'cleanup', summary: '', begins: 'cleanup' as const, drive: async () => undefined },
    };
    await prepare(beginner, boot);
    await session.snapshot('before');
    await startCleanup(beginner, []);
    await cleanupEnds(beginner);
    calls = ops();
  } else {
    await session.configure();
    await boot();
    await session.setUp();
    await session.bootSettled();
    await session.settled(await session.turn('warm'));
    await session.quiet();
    if (command !== undefined) {
      await session.stop();
      await plantFor(pod, command);
      await session.snapshot('before');
      await pod.boot({ argv: command.argv });
      await commandEnds(pod, activity);
      calls = ops();
    } else if (isBootAfterLife(activity)) {
      await endLife(activity, session);
      calls = await watchedBoot();
    } else {
      await session.snapshot('before');
      const from = ops().length;
      await session.stop();
      calls = ops().slice(from);
    }
  }
  const { root } = release.promises;
  const existing = new Set([root, ...sink.entries.map((entry) => entry.path)]);
  const all = placesOf(calls, root, existing, every, rolesAmongCalls(calls));
  const { kept, others } = every ? { kept: all, others: [] } : fewOfEachKind(all);
  const worst = worstMoment(calls, root);
  if (kept.length === 0 && worst === undefined)
    throw new Problem(
      'bad-usage',
      `${release.system}@${release.version} changes nothing below ${root} in its ${activity}: there is no place to strike at.`,
    );
  const most: Place[] =
    worst === undefined
      ? []
      : [
          {
            id: WORST,
            kind: 'full',
            file: worst.arm.path,
            words: `${worst.words}, where it has most that it takes away again`,
            arm: worst.arm,
          },
        ];
  return { places: [...most, ...kept], others, calls: calls.length };
}

/** @throws Problem system-died: it did not end well, so its calls are no example */
async function commandEnds(pod: Pod, name: string): Promise<void> {
  const exit = await pod.gate.waitForKind({ name: `${name} to end`, limitMs: COMMAND_LIMIT_MS }, 'exit');
  await pod.ended(COMMAND_LIMIT_MS, false);
  if (exit.code === 0) return;
  const how = exit.signal ?? `code ${exit.code}`;
  throw new Problem(
    'system-died',
    `${name} ended with ${how}, undisturbed. Its last lines:\n  ${pod.gate.lastLines()}`,
  );
}

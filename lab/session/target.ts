import { patternOfCall } from '../crash-point/places.ts';
import type { CrashPoint } from '../crash-point/write-shape.ts';
import type { Recorder } from '../evidence/recorder.ts';
import type { Target } from '../fault.ts';
import type { Gate } from '../gate/gate.ts';
import type { GateEvent, GateEventOf } from '../gate/protocol.ts';
import { crowding } from '../pace.ts';
import type { Pod } from '../pod/pod.ts';
import { Problem } from '../problem.ts';
import { passedLimit, until, within } from '../wait.ts';
import type { Held } from './holds.ts';
import type { Session } from './session.ts';
import { reach } from './waits.ts';

const MiB = 1024 * 1024;
const END_LIMIT_MS = 60_000;
const EVENT_LIMIT_MS = 20_000;
const RELEASE_LIMIT_MS = 20_000;
const TURN_LIMIT_MS = 240_000;
const FILL_LIMIT_MS = 60_000;
const ANSWER_LIMIT_MS = 20_000;
/** Of the refusal that a fault has set up. */
const REFUSAL = 'refusal';
/** Of that for what is left of a write that has taken a part. */
const REST = 'rest';

/**
 * The system of a pod as a fault sees it.
 * @param held the call that is held; undefined: none is, and a fault that lets it go on can't be injected
 * @param more `meanwhile`: what others do while it is frozen; `crashPoint`: where its writes are held, where it is one of them
 */
export function target(
  pod: Pod,
  session: Session,
  recorder: Recorder,
  held: Held | undefined,
  { meanwhile = async () => undefined, crashPoint }: { meanwhile?: () => Promise<void>; crashPoint?: CrashPoint } = {},
): Target {
  const reported = pod.watch.events.length;
  const theHeld = (): Held => {
    if (held === undefined) throw new Error('nothing is held, and the fault wants it to go on');
    return held;
  };
  const ended = async (): Promise<void> => {
    await pod.ended(END_LIMIT_MS, false);
    await pod.watch.waitFor(pod.systemName, 'die', EVENT_LIMIT_MS, reported);
  };
  let isRestRefused = false;
  /** Takes a refusal away; resolves with how many calls it failed, or undefined where the system has ended. */
  const allow = async (id: string): Promise<number | undefined> => {
    if (pod.gate.howEnded !== undefined) return undefined;
    const allowed = await said(pod.gate, 'allow', { id }, 'allowed').catch(hasEnded);
    return allowed?.answered;
  };
  return {
    signal: async (name) => void (await pod.container.signal(name)),
    async kill() {
      await pod.container.signal('SIGKILL');
      await ended();
    },
    freeze: () => pod.container.freeze(),
    thaw: () => pod.container.thaw(),

    async fillMemory() {
      const from = pod.gate.events.length;
      pod.gate.send('fill', { bytes: pod.memoryBytes + 32 * MiB });
      const filled = await pod.gate.waitForKind(
        { name: 'the memory to be full', limitMs: FILL_LIMIT_MS },
        'filled',
        from,
      );
      return { why: filled.why, bytes: filled.bytes, oomKills: filled.oomKillsAfter - filled.oomKillsBefore };
    },

    fillDisk: (leaveBytes) => pod.sidecar.fillDisk(pod.root, leaveBytes),
    freeDisk: () => pod.sidecar.freeDisk(pod.root),

    async ageState(byMs, why) {
      await pod.sidecar.age(pod.root, byMs);
      recorder.record({ type: 'aged', byMs, why });
    },

    async release() {
      const from = pod.gate.events.length;
      // After a freeze writegate keeps the release until the kernel has brought the call back.
      pod.gate.send('release', { id: theHeld().event.id });
      await pod.gate.waitForKind({ name: 'the held call to go on', limitMs: RELEASE_LIMIT_MS }, 'released', from);
    },

    async letGo() {
      const from = pod.gate.events.length;
      pod.gate.send('release', { id: theHeld().event.id });
      const isGone = (event: GateEvent): event is GateEventOf<'released' | 'lost' | 'exit' | 'error'> =>
        event.ev === 'released' || event.ev === 'lost' || event.ev === 'exit' || event.ev === 'error';
      await pod.gate
        .waitFor({ name: 'the held call to go on', limitMs: RELEASE_LIMIT_MS }, isGone, from)
        .catch(hasEnded);
    },

    async fail(error, loses) {
      const { event } = theHeld();
      const { id, tornBytes = 0 } = event;
      if (tornBytes > 0) {
        await said(
          pod.gate,
          'refuse',
          { id: REST, path: patternOfCall(event), op: 'write', errno: error, times: 1 },
          'refusing',
        );
        isRestRefused = true;
        await answered(pod.gate, 'shorten', { id });
        return;
      }
      await answered(pod.gate, 'fail', loses === undefined ? { id, errno: error } : { id, errno: error, lose: loses });
    },
    async shorten() {
      await answered(pod.gate, 'shorten', { id: theHeld().event.id });
    },

    async refuse(error, what) {
      const { event } = theHeld();
      const path = what === 'folder' ? `${pod.root}/**` : patternOfCall(event);
      await said(pod.gate, 'refuse', { id: REFUSAL, path, errno: error }, 'refusing');
    },

    allow: () => allow(REFUSAL),

    async slow(ms) {
      await said(pod.gate, 'slow', { ms }, ms > 0 ? 'slow' : 'slowed').catch(hasEnded);
    },

    async endedWithin(limitMs) {
      const isOver = until({ name: 'the container to stop', limitMs, isExact: true }, async () =>
        (await pod.container.isRunning()) ? undefined : true,
      );
      return isOver.catch((error: unknown) => {
        if (error instanceof Problem && error.code === 'limit-passed') return false;
        throw error;
      });
    },

    async dieInRecovery() {
      const boot = await session.bootInto('second-kill', { op: 'any', path: `${pod.root}/**`, at: 'before' });
      const isHeld = 'held' in boot;
      if (isHeld || boot.ready) await pod.container.signal('SIGKILL');
      await pod.ended(END_LIMIT_MS, false);
      return isHeld;
    },

    async dieInNextWrite() {
      if (crashPoint === undefined) throw new Error('no write is held, and the fault wants to strike the next one');
      // One that refuses for a time is booted again, as after any other crash.
      const isReady = await session.bootWhileItRefuses();
      if (isReady) await session.bootSettled();
      const next = isReady ? await session.holdNext(crashPoint) : undefined;
      await session.kill();
      if (!isReady) return 'the boot after the first was never ready';
      return next === undefined ? 'the next write did not come to that place' : `${next.event.op} ${next.event.path}`;
    },

    replace: () => pod.replace(),

    async exhaustHeap() {
      // Node opens its inspector at that signal: https://nodejs.org/api/cli.html#--inspecthostport
      await pod.container.signal('SIGUSR1');
      return pod.sidecar.exhaustHeap().then(
        () => undefined,
        (error: unknown) => {
          if (error instanceof Problem && error.code === 'sidecar-failed') return error.message;
          throw error;
        },
      );
    },

    async othersGoOn() {
      const { sweepEveryMs } = pod.promises;
      // A file that was torn must stay as it is until its write is whole.
      if (sweepEveryMs === undefined || theHeld().event.at === 'torn') return;
      const from = pod.gate.events.length;
      pod.gate.send('pass', { id: theHeld().event.id });
      await pod.gate.waitForKind({ name: 'the other calls to go on', limitMs: RELEASE_LIMIT_MS }, 'passing', from);
      await reach(Date.now() + sweepEveryMs * crowding());
    },

    meanwhile,
    quiet: () => session.quiet(),

    cutPower: () => pod.cutPower(),

    ended,

    async dockerEvent(action) {
      await pod.watch.waitFor(pod.systemName, action, EVENT_LIMIT_MS, reported);
    },

    async turnEnded() {
      await within({ name: 'the held turn to end', limitMs: TURN_LIMIT_MS }, theHeld().turn);
    },

    async turnHadItsTime() {
      // A write that is tried until it succeeds ends when the fault does.
      await within(
        { name: 'the held turn', limitMs: pod.promises.serveWithinMs, isSlowed: true },
        theHeld().turn,
      ).catch(passedLimit);
      if (pod.gate.howEnded === undefined) await session.quiet().catch(passedLimit);
      // A program that does not write the rest must not meet the error later.
      if (isRestRefused) await allow(REST);
      isRestRefused = false;
    },

    note: (step, facts = {}) => recorder.record({ type: 'strike', step, facts }),
  };
}

/** A system that has ended answers nothing any more, which its events say. */
const hasEnded = (error: unknown): undefined => {
  if (!(error instanceof Problem) || error.code !== 'system-died') throw error;
  return undefined;
};

/** @throws Problem gate-refused: writegate can't do it, such as answer a call with an error that it can't return */
async function said<Name extends GateEvent['ev']>(
  gate: Gate,
  word: string,
  values: Readonly<Record<string, string | number>>,
  ev: Name,
): Promise<GateEventOf<Name>> {
  const from = gate.events.length;
  gate.send(word, values);
  const isIt = (event: GateEvent): event is GateEventOf<Name> | GateEventOf<'error'> =>
    event.ev === ev || event.ev === 'error';
  const event = await gate.waitFor({ name: `writegate to ${word}`, limitMs: ANSWER_LIMIT_MS }, isIt, from);
  if (event.ev === 'error')
    throw new Problem('gate-refused', `writegate could not ${word} (${event.code}): ${event.message}`);
  return event as GateEventOf<Name>;
}

async function answered(gate: Gate, word: string, values: Readonly<Record<string, string>>): Promise<void> {
  const event = await said(gate, word, values, 'answered');
  if (event.by !== 'hold') throw new Error(`the ${word} was answered by another call`);
}

import type { Recorder } from '../evidence/recorder.ts';
import type { Target } from '../fault.ts';
import type { Pod } from '../pod/pod.ts';
import { within } from '../wait.ts';
import { type Held, reach, type Session } from './session.ts';

const MiB = 1024 * 1024;
const END_LIMIT_MS = 60_000;
const EVENT_LIMIT_MS = 20_000;
const RELEASE_LIMIT_MS = 20_000;
const TURN_LIMIT_MS = 240_000;
const FILL_LIMIT_MS = 60_000;

/**
 * The system of a pod as a fault sees it.
 * @param held the call that is held; undefined: none is, and a fault that lets it go on can't be injected
 * @param meanwhile what others do while it is frozen
 */
export function target(
  pod: Pod,
  session: Session,
  recorder: Recorder,
  held: Held | undefined,
  meanwhile: () => Promise<void> = async () => undefined,
): Target {
  const reported = pod.watch.events.length;
  const theHeld = (): Held => {
    if (held === undefined) throw new Error('nothing is held, and the fault wants it to go on');
    return held;
  };
  return {
    signal: (name) => pod.container.signal(name),
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

    async othersGoOn() {
      const { sweepEveryMs } = pod.promises;
      // A file that was torn must stay as it is until its write is whole.
      if (sweepEveryMs === undefined || theHeld().event.at === 'torn') return;
      const from = pod.gate.events.length;
      pod.gate.send('pass', { id: theHeld().event.id });
      await pod.gate.waitForKind({ name: 'the other calls to go on', limitMs: RELEASE_LIMIT_MS }, 'passing', from);
      await reach(Date.now() + sweepEveryMs);
    },

    meanwhile,
    quiet: () => session.quiet(),

    cutPower: () => pod.cutPower(),

    ended: () => pod.ended(END_LIMIT_MS, false),

    async dockerEvent(action) {
      await pod.watch.waitFor(pod.systemName, action, EVENT_LIMIT_MS, reported);
    },

    async turnEnded() {
      await within({ name: 'the held turn to end', limitMs: TURN_LIMIT_MS }, theHeld().turn);
    },

    note: (step, facts = {}) => recorder.record({ type: 'strike', step, facts }),
  };
}

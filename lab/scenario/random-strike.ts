import { type CrashPoint, passes } from '../crash-point/write-shape.ts';
import type { Recorder } from '../evidence/recorder.ts';
import type { Fault } from '../fault.ts';
import type { ArmSpec, GateEventOf } from '../gate/protocol.ts';
import type { Pod } from '../pod/pod.ts';
import type { Held } from '../session/holds.ts';
import { driveOn, type Phase, recover } from '../session/recovery.ts';
import type { Session } from '../session/session.ts';
import { target } from '../session/target.ts';
import type { Turns } from '../session/turns.ts';
import { reach } from '../session/waits.ts';
import type { Release } from '../system.ts';
import { within } from '../wait.ts';
import { type Draw, draw, momentInWords } from './draw.ts';

/** What became of a step. `passed-by`: none of the moments that were drawn for it came. */
export type Outcome = 'struck' | 'passed-by' | 'not-ready';

/** What faults at random need of a scenario that runs. */
export interface Storm {
  pod: Pod;
  session: Session;
  recorder: Recorder;
  release: Release;
  seed: number;
  faults: readonly Fault[];
  crashPoints: readonly CrashPoint[];
  phase: Phase;
}

/** A moment that does not come is drawn again, so often in all. */
const ATTEMPTS = 4;
/** Turns of each client until a moment counts as passed by. */
const TURNS_EACH = 16;
const TURNS_LIMIT_MS = 240_000;

/** What a moment was when it came. `held`: undefined where nothing is held. */
interface Reached {
  held: Held | undefined;
  /** Turns that the fault may break off. */
  turns: Turns | undefined;
}

/** One step: draws a fault and a moment, drives the system there, injects it, and sees what comes of it as in a cell. */
export async function strikeAtRandom(storm: Storm, step: number): Promise<Outcome> {
  const { release, recorder, seed, faults } = storm;
  const points = storm.crashPoints.filter((point) => point.inDefaultPlan && passes(point, release.promises.store));
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const drawn = draw(seed, step, attempt, { faults, crashPoints: points.map((point) => point.name) });
    recorder.record({ type: 'drawn', step, attempt, ...drawn });
    const reached = await reachMoment(storm, drawn, points, `${step}-${attempt}`);
    if (reached === 'not-ready') return reached;
    if (typeof reached === 'string') recorder.record({ type: 'passed-by', why: reached });
    else return (await strike(storm, drawn, reached, step)) ? 'struck' : 'not-ready';
  }
  return 'passed-by';
}

async function strike(storm: Storm, drawn: Draw, { held, turns }: Reached, step: number): Promise<boolean> {
  const { pod, session, recorder, phase } = storm;
  const fault = storm.faults.find((one) => one.name === drawn.fault);
  if (fault === undefined) throw new Error(`${drawn.fault} was drawn, and it is not among the faults`);
  if (held !== undefined) await session.snapshot('held');
  phase('strike');
  turns?.stop();
  await fault.strike(target(pod, session, recorder, held));
  if (turns !== undefined)
    await within({ name: 'the turns that were struck to end', limitMs: TURNS_LIMIT_MS }, turns.ended);
  const after = { text: `after-step-${step}` };
  if (fault.lethal) return recover(session, phase, { aftermath: 'aged', after, isTempPlanted: false });
  await driveOn(session, phase, after);
  return true;
}

/** Drives the system to the moment; or why it did not come. */
async function reachMoment(
  storm: Storm,
  { moment, clients }: Draw,
  points: readonly CrashPoint[],
  mark: string,
): Promise<Reached | string> {
  const { session, release, phase } = storm;
  const id = `drawn-${mark}`;
  if (moment.kind === 'call' && moment.during === 'boot') {
    await session.stop();
    await session.snapshot('before');
    phase('hold');
    const boot = await session.bootInto(id, callOf(moment, release));
    if ('held' in boot) return { held: { event: boot.held, turn: Promise.resolve() }, turns: undefined };
    if (!boot.ready) return 'not-ready';
    const late = await session.disarm(id);
    if (late === undefined) return `the system was ready before ${momentInWords(moment)}`;
    return { held: { event: late, turn: Promise.resolve() }, turns: undefined };
  }
  // What the turns before still have to write is not the moment's.
  await session.quiet();
  await session.snapshot('before');
  phase('hold');
  const name = `struck-${mark}`;
  if (moment.kind === 'time') {
    const turns = session.startTurns(name, clients, TURNS_EACH);
    await reach(Date.now() + moment.afterMs);
    return { held: undefined, turns };
  }
  const point = moment.kind === 'crash-point' ? points.find((one) => one.name === moment.name) : undefined;
  const spec = moment.kind === 'call' ? callOf(moment, release) : point && session.holdOf(point);
  if (spec === undefined || typeof spec === 'string') return spec ?? `there is no crash point ${momentInWords(moment)}`;
  const from = storm.pod.gate.events.length;
  await session.arm(id, spec);
  const turns = session.startTurns(name, clients, TURNS_EACH);
  const passedBy = turns.ended.then(() => session.quiet());
  const event: GateEventOf<'held'> | undefined =
    (await session.heldBefore(passedBy, from)) ?? (await session.disarm(id));
  if (event === undefined) return `${clients * TURNS_EACH} turns ended before ${momentInWords(moment)}`;
  return { held: { event, turn: turns.ended }, turns };
}

const callOf = (moment: Pick<ArmSpec, 'op' | 'nth' | 'at'>, { promises }: Release): ArmSpec => ({
  op: moment.op,
  path: `${promises.root}/**`,
  at: moment.at,
  ...(moment.nth === undefined ? {} : { nth: moment.nth }),
});

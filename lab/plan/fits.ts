import type { CrashPoint, WriteShape } from '../crash-point/write-shape.ts';
import type { Fault } from '../fault.ts';
import type { ArmSpec } from '../gate/protocol.ts';
import { Problem } from '../problem.ts';
import type { Release, Store } from '../system.ts';

/** Ways in which a store may be written, as far as a crash point's kind of call depends on them. */
function shapesOf({ path: store }: Store): WriteShape[] {
  return [
    { kind: 'replace', store, temp: store, example: store, log: store },
    { kind: 'in-place', store },
    { kind: 'log', store, log: store },
  ];
}

const holdsOf = (point: CrashPoint, store: Store): ArmSpec[] =>
  shapesOf(store).flatMap((shape) => point.hold(shape) ?? []);

/** Why a fault can't be injected at a crash point of a system; undefined: it can, in some way in which the system may write. */
export function whyUnfit(
  fault: Fault,
  point: CrashPoint,
  { lifecycle, promises, writesAtOnce = 1 }: Release,
): string | undefined {
  if (fault.needsServer === true && lifecycle === 'command') return 'a system that is run for each write does not stay';
  if (fault.strikesNextWrite === true && writesAtOnce > 1) return 'several writes at once are struck once';
  const why = holdsOf(point, promises.store).map((hold) => fault.unfit?.(hold));
  return why.includes(undefined) ? undefined : why[0];
}

/**
 * The crash points of a list at which a fault can be injected.
 * @param asked by a person, who is told what can't be
 * @throws Problem bad-usage: none of them, with those of `all` that it can
 */
export function pointsFor(
  fault: Fault,
  release: Release,
  { points, all, asked }: { points: readonly CrashPoint[]; all: readonly CrashPoint[]; asked: boolean },
): CrashPoint[] {
  const fitting = (list: readonly CrashPoint[]) =>
    list.filter((point) => whyUnfit(fault, point, release) === undefined);
  const found = fitting(points);
  if (found.length > 0) return found;
  const others = fitting(all);
  // What no default place can take has places of its own.
  if (!asked && others.length > 0) return others;
  const [first] = points;
  const why = first === undefined ? 'there is no such place' : whyUnfit(fault, first, release);
  throw unfit(fault, points, release, why ?? '', others);
}

/** @throws Problem bad-usage: the fault can't be injected there */
export function refuseUnfit(fault: Fault, point: CrashPoint, release: Release, all: readonly CrashPoint[]): void {
  const why = whyUnfit(fault, point, release);
  if (why === undefined) return;
  const others = all.filter((one) => whyUnfit(fault, one, release) === undefined);
  throw unfit(fault, [point], release, why, others);
}

function unfit(
  { name }: Fault,
  points: readonly CrashPoint[],
  { system }: Release,
  why: string,
  others: readonly CrashPoint[],
): Problem {
  const at = points.map((point) => point.name).join(', ');
  const those =
    others.length === 0
      ? 'No place of its write can take it.'
      : `Those that can: ${others.map((point) => point.name).join(', ')}.`;
  return new Problem('bad-usage', `${system}: ${name} can't be injected at ${at}: ${why}. ${those}`);
}

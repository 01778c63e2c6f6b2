import picomatch from 'picomatch';
import { faults } from '../../faults/index.ts';
import { CellEvidence } from '../evidence/cell-evidence.ts';
import type { EvidenceEvent } from '../evidence/event.ts';
import type { Fault } from '../fault.ts';
import { faultOf, type Scenario } from '../scenario/scenario.ts';
import { stepOf } from '../scenario/steps.ts';
import { inconclusive, missed, type Proof, type Verdict } from './verdict.ts';

/**
 * Whether the write was held at the crash point and the fault landed there. Every `held` rests on what this gives; without it there are only
 * `missed` and `inconclusive`.
 */
export function prove(evidence: CellEvidence): { proof: Proof; fault: Fault } | { verdict: Verdict } {
  const { cell } = evidence;
  const fault = faults.find((one) => one.name === cell.fault);
  if (fault === undefined) return { verdict: inconclusive(`this midwrite knows no fault "${cell.fault}"`) };
  const broken = unreadable(evidence);
  if (broken !== undefined) return { verdict: broken };

  const neverReady = evidence.of('not-ready').find((event) => event.boot === 1);
  if (neverReady !== undefined)
    return { verdict: missed(`before any fault, ${neverReady.why}. Its last lines:\n  ${neverReady.lastLines}`) };
  const notHeld = evidence.of('not-held')[0];
  if (notHeld !== undefined) {
    const seen = notHeld.seen.length === 0 ? '' : ` What was seen instead: ${notHeld.seen.join('; ')}`;
    return { verdict: missed(`the crash point was never reached: ${notHeld.why}.${seen}`) };
  }
  const hold = evidence.of('hold')[0];
  const held = evidence.gateOf('held', 1)[0];
  if (hold === undefined || held === undefined) return { verdict: missed('no hold took place') };
  if (
    held.op !== hold.op ||
    held.at !== hold.at ||
    !matches(held.path, hold.path) ||
    (hold.to !== undefined && held.to !== hold.to)
  ) {
    return {
      verdict: missed(
        `the hold was of ${held.op} ${held.path} (${held.at}) and not of ${hold.op} ${hold.path} (${hold.at})`,
      ),
    };
  }
  if (held.at === 'after' && held.result !== 0)
    return { verdict: missed(`the held ${held.op} itself failed (${held.result})`) };
  if (held.at === 'torn' && (held.tornBytes ?? 0) === 0)
    return { verdict: missed('no byte of the write was in the file during the hold: it was not torn') };
  if (held.quiesced !== true) {
    const what =
      held.quiesced === false ? 'was still in the kernel' : 'may have been in the kernel: this kernel does not tell';
    return { verdict: inconclusive(`another call that changes the file system ${what} during the hold`) };
  }
  const early = evidence
    .of('gate')
    .find((event) => event.event.ev === 'released' && event.t < (evidence.struckAt ?? 0));
  if (early !== undefined) return { verdict: missed('the held call was let go before the strike') };
  const landing = fault.landing(evidence);
  if (!landing.landed) return { verdict: missed(`the fault did not land: ${landing.why}`) };
  const where = `held at ${held.op} ${held.path} (${held.at})`;
  return { proof: { text: `${where}; ${landing.proof}` } as Proof, fault };
}

/** Why the evidence as a whole can't be judged. */
function unreadable(evidence: CellEvidence): Verdict | undefined {
  // What cut a scenario off is over when it was taken up again.
  const again = evidence.of('resumed').at(-1)?.t ?? 0;
  const problem = evidence.of('problem').find((event) => event.t >= again);
  if (problem !== undefined) return inconclusive(`the lab failed (${problem.code}): ${problem.message}`);
  if (evidence.of('end').length === 0) return inconclusive('the evidence breaks off: the lab was ended in the middle');
  const garbage = evidence.of('garbage')[0];
  if (garbage !== undefined)
    return inconclusive(`writegate's events could not be read (${garbage.why}): ${garbage.line}`);
  const unseen = evidence.gateOf('unknown-path')[0];
  if (unseen === undefined) return undefined;
  return inconclusive(
    `writegate could not read the path of a ${unseen.op} (${unseen.syscall}): something may have passed it unseen`,
  );
}

/**
 * Whether all steps of a scenario took place and every fault in them landed. A gateway that did not get ready ends a scenario: that is its
 * result, and what was seen until then counts.
 */
export function proveScenario(evidence: CellEvidence, scenario: Scenario): { proof: Proof } | { verdict: Verdict } {
  const broken = unreadable(evidence);
  if (broken !== undefined) return { verdict: broken };
  const planned = evidence.scenario?.steps ?? 0;
  const steps = stepsOf(evidence);
  const fault = faultOf(scenario, faults);
  for (const [number, step] of steps) {
    const notHeld = step.of('not-held')[0];
    if (notHeld !== undefined)
      return { verdict: missed(`step ${number}: the crash point was never reached: ${notHeld.why}`) };
    // A gateway that dies before its fault is a result of its own.
    const landing =
      step.of('died').length > 0 ? { landed: true as const } : (fault?.landing(step) ?? { landed: true as const });
    if (!landing.landed) return { verdict: missed(`step ${number}: the fault did not land: ${landing.why}`) };
  }
  const ended = evidence.of('not-ready')[0] ?? evidence.of('died')[0];
  if (steps.size < planned && ended === undefined)
    return { verdict: inconclusive(`only ${steps.size} of ${planned} steps took place`) };
  const landed = fault === undefined ? '' : ', and the fault landed in each';
  const resumed = evidence.of('resumed').length;
  const times = resumed === 0 ? '' : `, taken up again ${resumed === 1 ? 'once' : `${resumed} times`}`;
  return { proof: { text: `${steps.size} steps${landed}${times}` } as Proof };
}

/**
 * Each step as the evidence of a cell, by its number: from its beginning to the next one's, with its first boot as boot 1. A step that was cut off and done
 * again counts as it was done last.
 */
export function stepsOf(evidence: CellEvidence): Map<number, CellEvidence> {
  const steps = new Map<number, { events: EvidenceEvent[]; bootsBefore: number }>();
  let current: EvidenceEvent[] = [];
  let boot = 0;
  for (const event of evidence.events) {
    const number = event.type === 'phase' ? stepOf(event.name) : undefined;
    if (number !== undefined || event.type === 'resumed') current = [];
    // The gateway that is struck was booted before its step began.
    if (number !== undefined) steps.set(number, { events: current, bootsBefore: boot - 1 });
    if (event.type === 'ready') boot = event.boot;
    current.push(event);
  }
  return new Map(
    [...steps].map(([number, { events, bootsBefore }]) => [
      number,
      new CellEvidence(events.map((event) => withBoot(event, bootsBefore))),
    ]),
  );
}

function withBoot(event: EvidenceEvent, before: number): EvidenceEvent {
  return 'boot' in event ? { ...event, boot: event.boot - before } : event;
}

function matches(path: string, pattern: string): boolean {
  return pattern === '**' || picomatch.isMatch(path, pattern, { dot: true });
}

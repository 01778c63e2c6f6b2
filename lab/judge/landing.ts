import picomatch from 'picomatch';
import { faults } from '../../faults/index.ts';
import { CellEvidence } from '../evidence/cell-evidence.ts';
import type { EvidenceEvent } from '../evidence/event.ts';
import type { Fault } from '../fault.ts';
import { faultOf, type Scenario } from '../scenario/scenario.ts';
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
  const problem = evidence.of('problem')[0];
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
  for (const [index, step] of steps.entries()) {
    const notHeld = step.of('not-held')[0];
    if (notHeld !== undefined)
      return { verdict: missed(`step ${index + 1}: the crash point was never reached: ${notHeld.why}`) };
    const landing = fault?.landing(step) ?? { landed: true };
    if (!landing.landed) return { verdict: missed(`step ${index + 1}: the fault did not land: ${landing.why}`) };
  }
  const ended = evidence.of('not-ready')[0];
  if (steps.length < planned && ended === undefined)
    return { verdict: inconclusive(`only ${steps.length} of ${planned} steps took place`) };
  const landed = fault === undefined ? '' : ', and the fault landed in each';
  return { proof: { text: `${steps.length} steps${landed}` } as Proof };
}

/** Each step as the evidence of a cell: from its beginning to the next one's, with its first boot as boot 1. */
function stepsOf(evidence: CellEvidence): CellEvidence[] {
  const starts = evidence.events.flatMap((event, index) =>
    event.type === 'phase' && event.name.startsWith('step ') ? [index] : [],
  );
  return starts.map((start, index) => {
    const events = evidence.events.slice(start, starts[index + 1] ?? evidence.events.length);
    // The gateway that is struck was booted before its step began.
    const boots = evidence.events.slice(0, start).filter((event) => event.type === 'ready').length;
    return new CellEvidence(events.map((event) => withBoot(event, boots - 1)));
  });
}

function withBoot(event: EvidenceEvent, before: number): EvidenceEvent {
  return 'boot' in event ? { ...event, boot: event.boot - before } : event;
}

function matches(path: string, pattern: string): boolean {
  return pattern === '**' || picomatch.isMatch(path, pattern, { dot: true });
}

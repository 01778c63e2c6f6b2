import { inAnotherContainer } from '../evidence/another-container.ts';
import { CellEvidence } from '../evidence/cell-evidence.ts';
import type { Fault } from '../fault.ts';
import { knownFaults } from '../known.ts';
import { fitsPattern } from '../patterns.ts';
import { several } from '../plain.ts';
import { inconclusive, missed, type Proof, type Verdict } from '../result/verdict.ts';
import { faultOf, type Scenario } from '../scenario/scenario.ts';
import { stepsOf, struckSteps, withBoot } from '../scenario/struck-steps.ts';

/** An `op` of a hold that takes any call. */
const ANY = 'any';
/** Of steps that were left to chance: in fewer a moment came, and too little was tried. */
const LANDED_SHARE = 0.8;

/**
 * Whether the write was held at the crash point and the fault landed there. Every `held` rests on what this gives; without it there are only
 * `missed` and `inconclusive`.
 */
export function prove(evidence: CellEvidence): { proof: Proof; fault: Fault } | { verdict: Verdict } {
  const { cell } = evidence;
  const fault = knownFaults().find((one) => one.name === cell.fault);
  if (fault === undefined) return { verdict: inconclusive(`this midwrite knows no fault "${cell.fault}"`) };
  const broken = unreadable(evidence);
  if (broken !== undefined) return { verdict: broken };

  // A boot that is struck in its middle is boot 1, and has a life before it.
  const firstBoot = evidence.gate(0).length > 0 ? 0 : 1;
  const neverReady = evidence.of('not-ready').find((event) => event.boot === firstBoot);
  if (neverReady !== undefined)
    return { verdict: missed(`before any fault, ${neverReady.why}. Its last lines:\n  ${neverReady.lastLines}`) };
  const notHeld = evidence.of('not-held')[0];
  if (notHeld !== undefined) {
    const seen = notHeld.seen.length === 0 ? '' : ` What was seen instead: ${notHeld.seen.join('; ')}`;
    return { verdict: missed(`the crash point was never reached: ${notHeld.why}.${seen}`) };
  }
  const { where, verdict } = proveHold(evidence);
  if (verdict !== undefined) return { verdict };
  const landing = fault.landing(evidence);
  if (!landing.landed) return { verdict: missed(`the fault did not land: ${landing.why}`) };
  const { aftermath } = cell;
  const moved = aftermath === 'new-container' ? inAnotherContainer(evidence) : undefined;
  if (moved?.landed === false) return { verdict: missed(`its container was not replaced: ${moved.why}`) };
  const proofs = [where, landing.proof, ...(moved === undefined ? [] : [moved.proof])];
  return { proof: { text: proofs.join('; ') } as Proof, fault };
}

type Hold = { where: string; verdict?: never } | { where?: never; verdict: Verdict };

/** Whether the call was held that was to be held, and nothing moved until the strike. */
function proveHold(evidence: CellEvidence): Hold {
  const hold = evidence.of('hold')[0];
  const held = evidence.gateOf('held', 1)[0];
  if (hold === undefined || held === undefined) return { verdict: missed('no hold took place') };
  if (
    (hold.op !== ANY && held.op !== hold.op) ||
    held.at !== hold.at ||
    (hold.nth !== undefined && held.nth !== hold.nth) ||
    !matches(held.path, hold.path) ||
    (hold.to !== undefined && held.to !== hold.to)
  ) {
    return {
      verdict: missed(
        `the hold was of ${held.op} ${held.path} (${held.at}) and not of ${hold.op} ${hold.path} (${hold.at})`,
      ),
    };
  }
  // Of a call that was left to chance nobody said that it does something.
  const isChosen = evidence.of('drawn').length === 0;
  if (isChosen && held.at === 'after' && held.result !== 0)
    return { verdict: missed(`the held ${held.op} itself failed (${held.result})`) };
  if (isChosen && held.at === 'torn' && (held.tornBytes ?? 0) === 0)
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
  return { where: `held at ${held.op} ${held.path} (${held.at})` };
}

/**
 * Whether the state that a crash leaves was in the folder when the system was booted.
 * @param differences between the state and what was found in the folder just before the boot, in words
 */
export function provePlanted(state: string, differences: readonly string[]): { proof: Proof } | { verdict: Verdict } {
  if (differences.length === 0)
    return { proof: { text: `the state ${state} was in the folder, byte for byte` } as Proof };
  return { verdict: inconclusive(`the state could not be planted: ${differences.slice(0, 3).join('; ')}`) };
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
 * Whether all steps of a scenario took place and every fault in them landed. A system that did not get ready ends a scenario: that is its
 * result, and what was seen until then counts.
 */
export function proveScenario(evidence: CellEvidence, scenario: Scenario): { proof: Proof } | { verdict: Verdict } {
  const broken = unreadable(evidence);
  if (broken !== undefined) return { verdict: broken };
  const planned = evidence.scenario?.steps ?? 0;
  const steps = stepsOf(evidence);
  const ended = evidence.of('not-ready')[0] ?? evidence.of('died')[0];
  if (steps.length < planned && ended === undefined)
    return { verdict: inconclusive(`only ${steps.length} of ${planned} steps took place`) };
  const resumed = evidence.of('resumed').length;
  const times = resumed === 0 ? '' : `, taken up again ${resumed === 1 ? 'once' : `${resumed} times`}`;
  if (scenario.draws !== undefined) return proveDrawn(evidence, steps.length, times);
  const fault = faultOf(scenario, knownFaults());
  for (const { number, events, boot } of steps) {
    const step = new CellEvidence(events.map((event) => withBoot(event, boot)));
    const notHeld = step.of('not-held')[0];
    if (notHeld !== undefined)
      return { verdict: missed(`step ${number}: the crash point was never reached: ${notHeld.why}`) };
    // A system that dies before its fault is a result of its own.
    const landing =
      step.of('died').length > 0 ? { landed: true as const } : (fault?.landing(step) ?? { landed: true as const });
    if (!landing.landed) return { verdict: missed(`step ${number}: the fault did not land: ${landing.why}`) };
  }
  const landed = fault === undefined ? '' : ', and the fault landed in each';
  return { proof: { text: `${several(steps.length, 'step')}${landed}${times}` } as Proof };
}

/**
 * Of steps whose faults and moments were drawn: a moment may not come, and says nothing then; but most must come, and where one came the fault must
 * have landed there.
 */
function proveDrawn(evidence: CellEvidence, steps: number, times: string): { proof: Proof } | { verdict: Verdict } {
  const struck = struckSteps(evidence);
  for (const { inWords, drawn, fault, evidence: step } of struck) {
    // A system that dies by itself is a result of its own.
    if (step.of('died').length > 0) continue;
    const verdict = drawn?.moment.kind === 'time' ? undefined : proveHold(step).verdict;
    if (verdict !== undefined) return { verdict: { ...verdict, detail: `${inWords}: ${verdict.detail}` } };
    const landing = fault.landing(step);
    if (!landing.landed) return { verdict: missed(`${inWords}: the fault did not land: ${landing.why}`) };
  }
  const passedBy = steps - struck.length;
  if (struck.length < Math.ceil(LANDED_SHARE * steps))
    return { verdict: inconclusive(`in ${passedBy} of ${steps} steps no moment came that was drawn: too few faults`) };
  const counts = [...new Set(struck.map((step) => step.fault.name))].map(
    (name) => `${struck.filter((step) => step.fault.name === name).length} ${name}`,
  );
  const others = passedBy === 0 ? '' : `; in ${passedBy} steps no moment came that was drawn`;
  const landed = `${struck.length} faults landed where they were to: ${counts.join(', ')}${times}`;
  return { proof: { text: `seed ${evidence.scenario?.seed}: ${landed}${others}` } as Proof };
}

function matches(path: string, pattern: string): boolean {
  return pattern === '**' || fitsPattern(path, pattern);
}

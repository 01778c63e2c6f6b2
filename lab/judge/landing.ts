import picomatch from 'picomatch';
import { faults } from '../../faults/index.ts';
import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { Fault } from '../fault.ts';
import { inconclusive, missed, type Proof, type Verdict } from './verdict.ts';

/**
 * Whether the write was held at the crash point and the fault landed there. Every `held` rests on what this gives; without it there are only
 * `missed` and `inconclusive`.
 */
export function prove(evidence: CellEvidence): { proof: Proof; fault: Fault } | { verdict: Verdict } {
  const { cell } = evidence;
  const fault = faults.find((one) => one.name === cell.fault);
  if (fault === undefined) return { verdict: inconclusive(`this midwrite knows no fault "${cell.fault}"`) };
  const problem = evidence.of('problem')[0];
  if (problem !== undefined) return { verdict: inconclusive(`the lab failed (${problem.code}): ${problem.message}`) };
  if (evidence.of('end').length === 0)
    return { verdict: inconclusive('the evidence breaks off: the lab was ended in the middle of the cell') };
  const garbage = evidence.of('garbage')[0];
  if (garbage !== undefined)
    return { verdict: inconclusive(`writegate's events could not be read (${garbage.why}): ${garbage.line}`) };
  const unseen = evidence.gateOf('unknown-path')[0];
  if (unseen !== undefined)
    return {
      verdict: inconclusive(
        `writegate could not read the path of a ${unseen.op} (${unseen.syscall}): something may have passed it unseen`,
      ),
    };

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

function matches(path: string, pattern: string): boolean {
  return pattern === '**' || picomatch.isMatch(path, pattern, { dot: true });
}

import { isYoung } from '../cell-id.ts';
import type { Check } from '../check.ts';
import type { CellEvidence } from '../evidence/cell-evidence.ts';
import { leftForEver, unlikeAtRest } from '../observe/judge-answers.ts';
import { held, inconclusive, notApplicable, violated } from '../result/verdict.ts';

const wasRefused = (evidence: CellEvidence, path: string): boolean =>
  evidence.gateOf('answered', 1).some(({ op, path: file, result }) => op === 'unlink' && file === path && result < 0);

export const noOrphans: Check = {
  id: 'no-orphans',
  promise: "after the boot, no temp of a dead writer is left that is older than the system's own grace",

  exercised({ evidence, fault }) {
    const { answers } = evidence.cell.promises;
    const moment = fault.lethal ? 'struck' : 'held';
    const left =
      answers === undefined ? evidence.temps(moment) : unlikeAtRest(evidence.snapshot(moment)?.entries ?? [], answers);
    const [first] = left;
    return first === undefined ? undefined : { by: `${first.path}, which was there when the fault came` };
  },

  judge(judged) {
    const { evidence, fault, proof } = judged;
    const { aftermath, promises } = evidence.cell;
    if (promises.answers !== undefined) return leftForEver(judged, promises.answers);
    if (aftermath === 'corrupt-store') return notApplicable('with an unreadable store every temp file must stay');
    if (isYoung(aftermath))
      return notApplicable('what the crash left is younger than the grace period, so it may stay');
    const moment = 'served';
    const listing = evidence.snapshot(moment);
    if (listing === undefined && fault.failsCalls === true && evidence.gateOf('exit', 1).length > 0)
      return notApplicable('it ended itself in the middle of its write; other cells judge what a crash leaves');
    if (listing === undefined) {
      return evidence.of('not-ready').length > 0
        ? notApplicable('the system did not get ready again')
        : inconclusive('the state folder was not looked at after the boot');
    }
    // A writer that lives is at work in every boot; what it leaves between two looks is younger than the grace.
    const orphans = evidence.temps(moment).filter((entry) => listing.t - entry.mtimeMs > promises.sweepGraceMs);
    if (!fault.lethal) {
      // Nothing is written any more at either look: what is there both times belongs to a write that ended without taking its temp away.
      const woken = new Set(evidence.temps('woken').map((entry) => `${entry.path} ${entry.ino}`));
      const before = new Set(evidence.temps('before').map((entry) => entry.path));
      const left = evidence
        .temps(moment)
        .filter((entry) => woken.has(`${entry.path} ${entry.ino}`) && !before.has(entry.path))
        // It did try, and that call failed too: its next sweep has to.
        .filter((entry) => !wasRefused(evidence, entry.path));
      if (left.length > 0)
        return violated(`a finished write left ${left.map((entry) => entry.path).join(', ')}`, listing);
    }
    if (orphans.length > 0) {
      const bytes = orphans.reduce((sum, entry) => sum + entry.size, 0);
      const names = orphans.slice(0, 3).map((entry) => entry.path);
      return violated(
        `${orphans.length} orphan${orphans.length === 1 ? '' : 's'} with ${bytes} bytes left: ${names.join(', ')}${orphans.length > 3 ? ', …' : ''}`,
        listing,
      );
    }
    const left = fault.lethal ? evidence.temps('prepared').length : 0;
    return held(
      proof,
      left === 0
        ? 'nothing was left that would have to go'
        : `${left} temp${left === 1 ? '' : 's'} of the dead writer went`,
      listing,
    );
  },
};

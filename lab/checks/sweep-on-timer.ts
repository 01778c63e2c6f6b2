import type { Check } from '../check.ts';
import { held, inconclusive, notApplicable, violated } from '../result/verdict.ts';

export const sweepOnTimer: Check = {
  id: 'sweep-on-timer',
  promise:
    'a temp of a dead writer that outlives its grace while the system runs is removed without a boot, and nothing else',

  exercised({ evidence }) {
    const [first] = evidence.temps('prepared').filter((entry) => evidence.entry('served', entry.path) !== undefined);
    return first === undefined ? undefined : { by: `${first.path}, which outlived its grace` };
  },

  judge({ evidence, proof }) {
    const { aftermath, promises } = evidence.cell;
    if (promises.sweepEveryMs === undefined) return notApplicable('it promises no sweep other than the one at boot');
    if (aftermath !== 'fresh') return notApplicable('no file was too young at the boot and old enough after it');
    const listing = evidence.snapshot('outlived');
    const aged = evidence.of('aged').find((event) => event.why === 'outlived');
    if (listing === undefined || aged === undefined) {
      return evidence.of('not-ready').length > 0
        ? notApplicable('the system did not get ready again')
        : inconclusive('the state folder was not looked at after the time of the sweep');
    }
    // Of the dead writer only: the living one may have been at work during the look.
    const young = evidence.temps('prepared').filter((entry) => evidence.entry('served', entry.path) !== undefined);
    const left = young.filter((entry) => evidence.entry('outlived', entry.path) !== undefined);
    const waited = Math.round(listing.t - aged.t);
    if (left.length > 0)
      return violated(
        `${left.map((entry) => entry.path).join(', ')} is still there ${waited} ms after it had outlived its grace`,
        listing,
        aged,
      );
    const foreign = evidence
      .of('planted')
      .flatMap((event) => event.files)
      .filter((file) => file.role === 'foreign-file' && evidence.entry('outlived', file.path) === undefined);
    if (foreign.length > 0)
      return violated(`it removed files that are not its own: ${foreign.map((file) => file.path).join(', ')}`, listing);
    if (young.length === 0) return inconclusive('there was no temp file that could outlive its grace period');
    const unlinks = evidence.gateOf('op', evidence.recoveryBoot).filter((op) => op.op === 'unlink');
    const own = young.map((entry) => unlinks.find((op) => op.path === entry.path));
    const other = young.filter((_, index) => own[index] === undefined);
    if (other.length > 0)
      return violated(
        `${other.map((entry) => entry.path).join(', ')} went, and no unlink of the system's was seen`,
        listing,
      );
    return held(
      proof,
      `${young.length} temp${young.length === 1 ? '' : 's'} went within ${waited} ms of outliving the grace`,
      ...own.filter((op) => op !== undefined),
    );
  },
};

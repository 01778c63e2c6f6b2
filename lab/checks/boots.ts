import type { Check } from '../check.ts';
import { held, inconclusive, notApplicable, violated } from '../judge/verdict.ts';
import { storeEntry } from './store.ts';

export const boots: Check = {
  id: 'boots',
  promise: 'it is ready again within its limit, and a second boot changes nothing more',

  exercised({ evidence }) {
    const boots = evidence.of('ready').filter((event) => event.boot >= 2).length;
    return boots === 0 ? undefined : { by: `${boots} boot${boots === 1 ? '' : 's'} on what the fault left` };
  },

  judge({ evidence, fault, proof }) {
    if (!fault.lethal && fault.failsCalls !== true) return notApplicable('the system lived on');
    const failed = evidence.of('not-ready')[0];
    if (failed !== undefined)
      return violated(`boot ${failed.boot}: ${failed.why}. Its last lines:\n  ${failed.lastLines}`, failed);
    const ready = evidence.of('ready').filter((event) => event.boot >= 2);
    const limit = evidence.cell.promises.readyWithinMs;
    const slow = ready.find((event) => event.tookMs > limit);
    if (slow !== undefined)
      return violated(`boot ${slow.boot} took ${slow.tookMs} ms, and ${limit} are promised`, slow);
    // After calls that failed there is one boot: what the next one finds is what a crash of a system in order leaves.
    if (fault.failsCalls === true) {
      if (ready.length > 0)
        return held(proof, ready.map((event) => `boot ${event.boot}: ${event.tookMs} ms`).join(', '), ...ready);
      return notApplicable('the system lived on');
    }
    if (ready.length < 2) return inconclusive(`only ${ready.length} of the two boots after the fault were seen`);
    const times = ready.map((event) => `boot ${event.boot}: ${event.tookMs} ms`).join(', ');

    // Whether a boot has changed anything is in what it answers.
    if (evidence.cell.promises.answers !== undefined) return held(proof, times, ...ready);
    const before = storeEntry(evidence, 'stopped');
    const after = storeEntry(evidence, 'rebooted');
    const stopped = evidence.snapshot('stopped');
    const rebooted = evidence.snapshot('rebooted');
    if (stopped === undefined || rebooted === undefined)
      return inconclusive('the state folder was not looked at around the second boot');
    if (before?.sha256 !== after?.sha256 || before?.ino !== after?.ino) {
      return violated(
        `the second boot ${before?.sha256 === after?.sha256 ? 'wrote the same store anew' : 'changed the store'}, and nothing had happened since the first (${times})`,
        rebooted,
        stopped,
      );
    }
    const known = new Set(evidence.temps('stopped').map((entry) => entry.path));
    const more = evidence.temps('rebooted').filter((entry) => !known.has(entry.path));
    if (more.length > 0)
      return violated(`the second boot left ${more.map((entry) => entry.path).join(', ')}`, rebooted);
    return held(proof, times, ...ready);
  },
};

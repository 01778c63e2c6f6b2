import type { Check } from '../check.ts';
import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { EvidenceOf } from '../evidence/event.ts';
import { held, inconclusive, notApplicable, violated } from '../result/verdict.ts';
import { storeEntry } from './store.ts';

type NotReady = EvidenceOf<'not-ready'>;

const readyAfter = (evidence: CellEvidence, { boot }: NotReady) =>
  evidence
    .of('ready')
    .filter((event) => event.boot > boot)
    .slice(0, 1);

/** What it said, and for how long it refused where it was booted again and again. */
export function refusal(
  evidence: CellEvidence,
  failed: NotReady,
  refused: readonly NotReady[] = evidence.of('not-ready'),
  ready: EvidenceOf<'ready'> | undefined = readyAfter(evidence, failed)[0],
): string {
  const lines = `Its last lines:\n  ${failed.lastLines}`;
  const began = evidence.of('gate').find(({ boot, event }) => boot === failed.boot && event.ev === 'start');
  const last = refused.at(-1) ?? failed;
  if (began === undefined || (ready === undefined && refused.length < 2))
    return `boot ${failed.boot}: ${failed.why}. ${lines}`;
  const boots = refused.length < 2 ? `boot ${failed.boot}` : `boots ${failed.boot} to ${last.boot}`;
  const until =
    ready === undefined
      ? `refused for ${inSeconds(last.t - began.t)}, until the lab gave up`
      : `boot ${ready.boot} was ready ${inSeconds(ready.tReady - began.t)} after the first of them began`;
  return `${boots}: ${failed.why}; ${until}. ${lines}`;
}

const inSeconds = (ms: number): string => `${Math.round(ms / 1000)} s`;

export const boots: Check = {
  id: 'boots',
  promise: 'it is ready again within its limit, and a second boot changes nothing more',

  exercised({ evidence }) {
    const boots = evidence.of('ready').filter((event) => event.boot >= 2).length;
    return boots === 0 ? undefined : { by: `${boots} boot${boots === 1 ? '' : 's'} on what the fault left` };
  },

  judge({ evidence, fault, proof }) {
    const failed = evidence.of('not-ready')[0];
    if (failed !== undefined) return violated(refusal(evidence, failed), failed, ...readyAfter(evidence, failed));
    if (!fault.lethal && fault.failsCalls !== true) return notApplicable('the fault did not end the system');
    const ready = evidence.of('ready').filter((event) => event.boot >= 2);
    const limit = evidence.cell.promises.readyWithinMs;
    const slow = ready.find((event) => event.tookMs > limit);
    if (slow !== undefined) return violated(`boot ${slow.boot} took ${slow.tookMs} ms; ${limit} ms are promised`, slow);
    // After calls that failed there is one boot: what the next one finds is what a crash of a system in order leaves.
    if (fault.failsCalls === true) {
      if (ready.length > 0)
        return held(proof, ready.map((event) => `boot ${event.boot}: ${event.tookMs} ms`).join(', '), ...ready);
      return notApplicable('the fault did not end the system');
    }
    const boots = evidence.cell.promises.lifecycle === 'command' ? 1 : 2;
    if (ready.length < boots)
      return inconclusive(`only ${ready.length} of the ${boots} boots after the fault were seen`);
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

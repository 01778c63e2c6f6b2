import type { Check } from '../check.ts';
import type { CellEvidence, Listing } from '../evidence/cell-evidence.ts';
import type { EvidenceOf, Moment } from '../evidence/event.ts';
import { acknowledgedIsThere } from '../observe/judge-answers.ts';
import { fitsPattern } from '../patterns.ts';
import { held, inconclusive, notApplicable, violated } from '../result/verdict.ts';
import type { Durable } from '../system.ts';

const AFTER: readonly Moment[] = ['booted', 'served', 'rebooted', 'woken'];

type Turn = EvidenceOf<'turn'>;

/** A file as far as it matters here. */
export interface SearchedFile {
  path: string;
  /** Undefined where nobody kept its content. */
  contains(text: string): boolean | undefined;
}

/** The places in which something durable is not to be found; or the file whose content is not known. */
export function missingFrom(
  durable: readonly Durable[],
  files: readonly SearchedFile[],
): { missing: string[]; unknown: string[] } {
  const missing: string[] = [];
  const unknown: string[] = [];
  for (const place of durable) {
    const matching = files.filter((file) => fitsPattern(file.path, place.file));
    const found = matching.map((file) => file.contains(place.contains));
    if (found.includes(true)) continue;
    const where = [place.file].flat().join(' or ');
    if (found.includes(undefined)) unknown.push(where);
    else missing.push(where);
  }
  return { missing, unknown };
}

/** The same of an acknowledged turn in a look at the folder. */
export function lostTurn(
  evidence: CellEvidence,
  listing: Listing,
  turn: Turn,
): { missing: string[]; unknown: string[] } {
  const entries = listing.entries.filter((entry) => entry.type === 'file' && entry.gone !== true);
  return missingFrom(
    turn.durable,
    entries.map((entry) => ({ path: entry.path, contains: (text) => evidence.text(entry)?.includes(text) })),
  );
}

export const ackedDurable: Check = {
  id: 'acked-durable',
  promise: 'every write that was acknowledged is there after the boot',

  exercised({ evidence }) {
    const count = evidence.of('turn').filter((turn) => turn.result.acknowledged).length;
    return count === 0 ? undefined : { by: `the loss of one of ${count} acknowledged writes` };
  },

  judge(judged) {
    const { evidence, fault, proof } = judged;
    const { answers, level } = evidence.cell.promises;
    if (answers !== undefined) return acknowledgedIsThere(judged, answers);
    if (evidence.cell.aftermath === 'corrupt-store')
      return notApplicable('the lab made the store unreadable on purpose');
    const isCut = fault.cutsPower === true;
    if (isCut && level === 'process-crash')
      return notApplicable('an acknowledged write is promised to survive a process crash, not a power loss');
    const moments = AFTER.filter((moment) => evidence.snapshot(moment) !== undefined);
    if (moments.length === 0) {
      return evidence.of('not-ready').length > 0
        ? notApplicable('the system did not get ready again')
        : inconclusive('the state folder was not looked at after the fault');
    }
    const acknowledged = evidence.of('turn').filter((turn) => turn.result.acknowledged);
    if (acknowledged.length === 0) return inconclusive('no write was acknowledged, so none could be lost');
    for (const moment of moments) {
      const listing = evidence.snapshot(moment);
      if (listing === undefined) continue;
      for (const turn of acknowledged.filter((one) => one.t <= listing.t)) {
        const { missing, unknown } = lostTurn(evidence, listing, turn);
        if (missing.length > 0)
          return violated(
            `${moment}: the acknowledged turn "${turn.name}" is not in ${missing.join(', ')}`,
            listing,
            turn,
          );
        if (unknown.length > 0) return inconclusive(`${moment}: the content of ${unknown.join(', ')} was not kept`);
      }
    }
    return held(
      proof,
      `${acknowledged.map((turn) => `"${turn.name}"`).join(', ')} found at ${moments.join(', ')}; after a ${isCut ? 'power cut' : 'process crash'}`,
      ...acknowledged,
    );
  },
};

import picomatch from 'picomatch';
import type { Check } from '../check.ts';
import type { CellEvidence, Listing } from '../evidence/cell-evidence.ts';
import type { EvidenceOf, Moment } from '../evidence/event.ts';
import { held, inconclusive, notApplicable, violated } from '../judge/verdict.ts';

const AFTER: readonly Moment[] = ['booted', 'served', 'rebooted', 'woken'];

type Turn = EvidenceOf<'turn'>;

/** The places in which an acknowledged turn is not to be found in a look at the folder; or the file whose content is not known. */
export function lostTurn(
  evidence: CellEvidence,
  listing: Listing,
  turn: Turn,
): { missing: string[]; unknown: string[] } {
  const entries = listing.entries.filter((entry) => entry.type === 'file' && entry.gone !== true);
  const missing: string[] = [];
  const unknown: string[] = [];
  for (const place of turn.durable) {
    const files = entries.filter((entry) => picomatch.isMatch(entry.path, [...[place.file].flat()], { dot: true }));
    const texts = files.map((entry) => evidence.text(entry));
    if (texts.some((text) => text?.includes(place.contains))) continue;
    const where = [place.file].flat().join(' or ');
    if (texts.includes(undefined)) unknown.push(where);
    else missing.push(where);
  }
  return { missing, unknown };
}

export const ackedDurable: Check = {
  id: 'acked-durable',
  promise: 'every turn that was acknowledged is there after the boot',

  judge({ evidence, proof }) {
    if (evidence.cell.aftermath === 'corrupt-store') return notApplicable('the lab itself made the store unreadable');
    const moments = AFTER.filter((moment) => evidence.snapshot(moment) !== undefined);
    if (moments.length === 0) {
      return evidence.of('not-ready').length > 0
        ? notApplicable('the gateway was not ready again')
        : inconclusive('the state folder was not looked at after the fault');
    }
    const acknowledged = evidence.of('turn').filter((turn) => turn.result.acknowledged);
    if (acknowledged.length === 0) return inconclusive('no turn was acknowledged, so none could be lost');
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
      `${acknowledged.map((turn) => `"${turn.name}"`).join(', ')} found at ${moments.join(', ')}; after a process crash`,
      ...acknowledged,
    );
  },
};

import { isYoung } from '../cell-id.ts';
import type { Check } from '../check.ts';
import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { GateEventOf } from '../gate/protocol.ts';
import { held, inconclusive, notApplicable, violated } from '../result/verdict.ts';

/** What the system itself removed in its recovery boot. */
function removed(evidence: CellEvidence): Map<string, GateEventOf<'op'>> {
  const unlinks = evidence.gateOf('op', evidence.recoveryBoot).filter((op) => op.op === 'unlink');
  return new Map(unlinks.map((op) => [op.path, op]));
}

export const sweepOnBoot: Check = {
  id: 'sweep-on-boot',
  promise: 'the system itself removes the temps of dead writers soon after its boot, and nothing else',

  exercised({ evidence }) {
    const prepared = evidence.temps('prepared');
    const [first] = prepared;
    if (first === undefined) return undefined;
    const gone = removed(evidence);
    const shows = prepared.some((entry) => gone.has(entry.path)) ? { shows: 'sweep' } : {};
    const mustStay = evidence.cell.aftermath !== 'aged';
    const what = `${first.path}, which ${mustStay ? 'had to stay' : 'had to go'}`;
    return { by: what, ...shows, ...(mustStay ? { needs: 'sweep' } : {}) };
  },

  judge({ evidence, fault, proof }) {
    const { aftermath, promises } = evidence.cell;
    if (promises.answers !== undefined)
      return notApplicable('no sweep is promised; no-orphans judges what stays for ever');
    if (!fault.lethal) return notApplicable('the system was not started again');
    const booted = evidence.snapshot('booted');
    const served = evidence.snapshot('served');
    if (booted === undefined || served === undefined) {
      return evidence.of('not-ready').length > 0
        ? notApplicable('the system did not get ready again')
        : inconclusive('the state folder was not looked at after the boot');
    }
    const prepared = evidence.temps('prepared');
    const gone = removed(evidence);
    const planted = evidence.of('planted').flatMap((event) => event.files);

    const taken = planted.filter(
      (file) => file.role !== 'corrupt-store' && evidence.entry('served', file.path) === undefined,
    );
    if (taken.length > 0) {
      return violated(
        `it removed files that are not its own: ${taken.map((file) => `${file.path} (${file.role.replace('-', ' ')})`).join(', ')}`,
        served,
      );
    }
    const spared = planted.filter((file) => file.role !== 'corrupt-store').map((file) => file.role.replace('-', ' '));

    const mustStay = aftermath === 'corrupt-store' || isYoung(aftermath);
    if (mustStay) {
      const lost = prepared.filter((entry) => evidence.entry('served', entry.path) === undefined);
      const why = isYoung(aftermath)
        ? 'they were younger than the grace'
        : 'the store was unreadable and one may be the only copy';
      if (lost.length > 0)
        return violated(`it removed ${lost.map((entry) => entry.path).join(', ')} although ${why}`, served);
      return held(
        proof,
        `${prepared.length} temp${prepared.length === 1 ? '' : 's'} kept, since ${why}; left alone: ${spared.join(', ')}`,
        served,
      );
    }

    const left = prepared.filter((entry) => evidence.entry('served', entry.path) !== undefined);
    if (left.length > 0)
      return violated(
        `it did not remove ${left.map((entry) => entry.path).join(', ')} (looked ${Math.round(served.t - booted.t)} ms after it was ready)`,
        served,
      );
    const notItself = prepared.filter((entry) => !gone.has(entry.path));
    if (notItself.length > 0)
      return violated(
        `${notItself.map((entry) => entry.path).join(', ')} went, and no unlink of the system's was seen`,
        served,
      );
    const ready = evidence.of('ready').find((event) => event.boot === evidence.recoveryBoot);
    const limit = (ready?.tReady ?? 0) + promises.sweepWithinMs;
    const late = prepared.filter((entry) => (gone.get(entry.path)?.t ?? 0) > limit);
    if (late.length > 0)
      return violated(
        `it removed ${late.map((entry) => entry.path).join(', ')} later than ${promises.sweepWithinMs} ms after it was ready`,
        served,
      );
    const started = evidence.gateOf('start', evidence.recoveryBoot)[0]?.t ?? 0;
    const unlinks = prepared.map((entry) => gone.get(entry.path)).filter((op) => op !== undefined);
    const when = unlinks.map((op) => `${Math.round(op.t - started)} ms`);
    const what =
      prepared.length === 0
        ? 'nothing was there to remove'
        : `it removed ${prepared.length} itself, ${when.join(', ')} after its start`;
    return held(proof, `${what}; left alone: ${spared.join(', ')}`, served, ...unlinks);
  },
};

import type { Fault } from './fault.ts';

/** SIGTERM in the middle of the write, time to end, and SIGKILL for what has not ended by then: what it does, and how it is proved. */
export function stopsWithin(
  limitMs: number,
): Pick<Fault, 'kind' | 'lethal' | 'inDefaultPlan' | 'oomKills' | 'strike' | 'landing'> {
  return {
    kind: 'stops',
    lethal: true,
    inDefaultPlan: false,
    oomKills: 0,

    async strike(target) {
      await target.signal('SIGTERM');
      await target.letGo();
      if (!(await target.endedWithin(limitMs))) {
        target.note('killed', { afterMs: limitMs });
        await target.signal('SIGKILL');
      }
      await target.ended();
    },

    landing(evidence) {
      const signals = evidence.docker('kill').map((event) => event.attributes.signal ?? '');
      if (!signals.some((signal) => ['15', 'SIGTERM', 'TERM'].includes(signal)))
        return { landed: false, why: 'the engine reported no SIGTERM' };
      const struckAt = evidence.struckAt ?? 0;
      // In a search for the place others were held before it, and let go: it is the last one that counts.
      const last = evidence.of('gate').findLast(({ event, t }) => event.ev === 'held' && t <= struckAt)?.event;
      const id = last?.ev === 'held' ? last.id : undefined;
      const released = evidence
        .of('gate')
        .find(({ event }) => (event.ev === 'released' || event.ev === 'lost') && event.id === id);
      if (released === undefined || released.t < struckAt)
        return { landed: false, why: 'the call was not held when the signal came' };
      const stopped = evidence.of('stopped').find((event) => event.boot === 1);
      if (stopped === undefined) return { landed: false, why: 'it was not seen to end' };
      const isKilled = evidence.of('strike').some((event) => event.step === 'killed');
      const how = isKilled
        ? `SIGKILL ${limitMs / 1000} s later`
        : `it ended with ${stopped.exitCode} within ${limitMs / 1000} s`;
      return { landed: true, proof: `SIGTERM came during the hold, and ${how}` };
    },
  };
}

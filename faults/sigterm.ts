import type { Fault } from '../lab/fault.ts';

/** As long as systemd waits (TimeoutStopSec=): what has not ended then is killed, and the evidence says so. */
const STOP_MS = 90_000;

export const sigterm: Fault = {
  name: 'sigterm',
  kind: 'stops',
  summary: `SIGTERM in the middle of the write, and up to ${STOP_MS / 1000} s to end`,
  lethal: true,
  inDefaultPlan: false,
  oomKills: 0,

  async strike(target) {
    await target.signal('SIGTERM');
    await target.letGo();
    if (!(await target.endedWithin(STOP_MS))) {
      target.note('killed', { afterMs: STOP_MS });
      await target.signal('SIGKILL');
    }
    await target.ended();
    await target.dockerEvent('die');
  },

  landing(evidence) {
    const term = evidence
      .docker('kill')
      .find((event) => ['15', 'SIGTERM', 'TERM'].includes(event.attributes.signal ?? ''));
    if (term === undefined) return { landed: false, why: 'the engine reported no SIGTERM' };
    const released = evidence.of('gate').find(({ event }) => event.ev === 'released' || event.ev === 'lost');
    if (released === undefined || released.t < (evidence.struckAt ?? 0))
      return { landed: false, why: 'the call was not held when the signal came' };
    const stopped = evidence.of('stopped').find((event) => event.boot === 1);
    if (stopped === undefined) return { landed: false, why: 'it was not seen to end' };
    return { landed: true, proof: `SIGTERM came during the hold, and it ended with ${stopped.exitCode}` };
  },
};

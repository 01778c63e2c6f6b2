import type { Fault } from '../lab/fault.ts';

/** What `docker stop` waits between the two signals unless it is told otherwise (docker-stop(1)). */
const STOP_MS = 10_000;

export const stop: Fault = {
  name: 'stop',
  kind: 'stops',
  summary: `what \`docker stop\` does, in the middle of the write: SIGTERM, and SIGKILL after ${STOP_MS / 1000} s if it has not ended`,
  lethal: true,
  inDefaultPlan: false,
  oomKills: 0,

  async strike(target) {
    await target.signal('SIGTERM');
    await target.letGo();
    const isEnded = await target.endedWithin(STOP_MS);
    if (!isEnded) {
      target.note('killed', { afterMs: STOP_MS });
      await target.signal('SIGKILL');
    }
    await target.ended();
    await target.dockerEvent('die');
  },

  landing(evidence) {
    const signals = evidence.docker('kill').map((event) => event.attributes.signal ?? '');
    if (!signals.some((signal) => ['15', 'SIGTERM', 'TERM'].includes(signal)))
      return { landed: false, why: 'the engine reported no SIGTERM' };
    const released = evidence.of('gate').find(({ event }) => event.ev === 'released' || event.ev === 'lost');
    if (released === undefined || released.t < (evidence.struckAt ?? 0))
      return { landed: false, why: 'the call was not held when the signal came' };
    const stopped = evidence.of('stopped').find((event) => event.boot === 1);
    if (stopped === undefined) return { landed: false, why: 'it was not seen to end' };
    const isKilled = evidence.of('strike').some((event) => event.step === 'killed');
    return {
      landed: true,
      proof: isKilled
        ? `SIGTERM came during the hold, and SIGKILL ${STOP_MS / 1000} s later`
        : `SIGTERM came during the hold, and it ended with ${stopped.exitCode} within ${STOP_MS / 1000} s`,
    };
  },
};

import { CALL_FAILS, unfitUnlessWrite } from '../lab/failing-call.ts';
import type { Fault } from '../lab/fault.ts';

/** write(2): "the number of bytes written may be less than count". The kernel itself cuts it short, by a limit that is there for this one call. */
export const shortWrite: Fault = {
  name: 'short-write',
  summary: 'the held write writes a part of its bytes and says how much: the program must write the rest',
  ...CALL_FAILS,
  sweep: 'once',
  unfit: unfitUnlessWrite,

  async strike(target) {
    await target.shorten();
    await target.turnHadItsTime();
  },

  landing(evidence) {
    const answered = evidence.gateOf('answered', 1).find(({ by }) => by === 'hold');
    if (answered === undefined) return { landed: false, why: 'the held write was not cut short' };
    const asked = evidence.gateOf('held', 1)[0]?.bytes ?? 0;
    if (answered.result <= 0 || answered.result >= asked)
      return { landed: false, why: `the held write wrote ${answered.result} of ${asked} bytes` };
    return {
      landed: true,
      proof: `the kernel wrote ${answered.result} of ${asked} bytes of ${answered.path} and returned that`,
    };
  },
};

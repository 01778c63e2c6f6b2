import type { Fault } from '../lab/fault.ts';

/** write(2): "the number of bytes written may be less than count". The kernel itself cuts it short, by a limit that is there for this one call. */
export const shortWrite: Fault = {
  name: 'short-write',
  kind: 'fails',
  summary: 'the held write writes a part of its bytes and says how much: the program must write the rest',
  lethal: false,
  mayRefuse: true,
  failsCalls: true,
  sweep: 'once',
  inDefaultPlan: false,
  oomKills: 0,
  unfit: ({ op }) => (op === 'write' ? undefined : `${op} writes no bytes that could be too few`),

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

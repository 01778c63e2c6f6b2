import type { Fault } from '../lab/fault.ts';

/** The control: the same hold, the same boots, and no fault. What is violated here is the lab's mistake, or shows without any fault. */
export const none: Fault = {
  name: 'none',
  kind: 'none',
  summary: 'no fault: the held write goes on, the system is stopped with SIGTERM and booted again',
  lethal: true,
  isControl: true,
  oomKills: 0,

  async strike(target) {
    await target.release();
    await target.turnEnded();
    await target.signal('SIGTERM');
    await target.ended();
  },

  landing(evidence) {
    const unwanted = ['oom', 'pause'].filter((action) => evidence.docker(action).length > 0);
    if (unwanted.length > 0)
      return { landed: false, why: `the engine reported ${unwanted.join(' and ')} where nothing was to happen` };
    if (evidence.gateOf('released', 1).length === 0) return { landed: false, why: 'the held call never went on' };
    return { landed: true, proof: 'the held call went on and nothing was injected' };
  },
};

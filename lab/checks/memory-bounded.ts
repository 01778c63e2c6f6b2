import { mebibytes } from '../cell-id.ts';
import type { Check } from '../check.ts';
import type { GateEvent } from '../gate/protocol.ts';
import { held, inconclusive, violated } from '../result/verdict.ts';

export const memoryBounded: Check = {
  id: 'memory-bounded',
  promise: 'it stays under its memory limit: no OOM kill but the injected one',

  exercised({ evidence }) {
    const boots = evidence.gateOf('start').length;
    return boots === 0 ? undefined : { by: `the memory of ${boots} boots under its limit` };
  },

  judge({ evidence, fault, proof }) {
    const starts = evidence.gateOf('start');
    if (starts.length === 0) return inconclusive('no boot was seen');
    let peakBytes = 0;
    let peak: GateEvent | undefined;
    for (let boot = 1; boot <= starts.length; boot += 1) {
      const events = evidence.gate(boot);
      const atStart = starts[boot - 1]?.oomKills ?? 0;
      const filledAt = events.findIndex((event) => event.ev === 'filling' || event.ev === 'filled');
      const kills = events.reduce(
        (most, event) =>
          event.ev === 'memory' || event.ev === 'exit' ? Math.max(most, event.oomKills - atStart) : most,
        0,
      );
      const writers = events.filter((event) => event.ev === 'filled' && event.writerKilled).length;
      const injected = boot === 1 ? fault.oomKills + writers : 0;
      const witness = events.findLast(
        (event) => (event.ev === 'memory' || event.ev === 'exit') && event.oomKills - atStart === kills,
      );
      if (kills > injected && witness !== undefined)
        return violated(
          `boot ${boot}: ${kills} OOM kill${kills === 1 ? '' : 's'}, of which ${injected} injected, under a limit of ${mebibytes(evidence.cell.memoryBytes)}`,
          witness,
        );
      // From the fill on, the ballast is what is measured.
      const own = filledAt === -1 ? events : events.slice(0, filledAt);
      for (const event of own) {
        if (event.ev !== 'memory' || event.currentBytes <= peakBytes) continue;
        peakBytes = event.currentBytes;
        peak = event;
      }
    }
    if (peak === undefined) return inconclusive('its memory was never measured');
    return held(
      proof,
      `at most ${mebibytes(peakBytes)} of ${mebibytes(evidence.cell.memoryBytes)} (charged to its cgroup, file cache included), over ${starts.length} boots`,
      peak,
    );
  },
};

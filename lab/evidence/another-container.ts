import type { CellEvidence } from './cell-evidence.ts';

/** Whether the boot after the fault was of another container than the struck one, told by what writegate saw of itself in both. */
export function inAnotherContainer(
  evidence: CellEvidence,
): { landed: true; proof: string } | { landed: false; why: string } {
  const [before] = evidence.gateOf('start', 1);
  const recovery = evidence.of('phase').find(({ name }) => name === 'recover');
  const after = evidence
    .of('gate')
    .find(({ boot, t, event }) => event.ev === 'start' && boot >= 2 && t >= (recovery?.t ?? 0))?.event;
  if (before === undefined || after?.ev !== 'start') return { landed: false, why: 'it was not started again' };
  if (before.hostname === after.hostname) return { landed: false, why: `it has the same hostname, ${after.hostname}` };
  if (before.pid === after.pid) return { landed: false, why: `it has the same process id, ${after.pid}` };
  return {
    landed: true,
    proof: `process ${before.pid} on ${before.hostname} was struck, and ${after.pid} on ${after.hostname} was started on its folder`,
  };
}

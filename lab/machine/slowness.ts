import type { Machine } from '../engine/machine.ts';
import { run } from '../process.ts';

const ROUNDS = 100_000;
const LIMIT_MS = 60_000;

/**
 * How many times as long the machine takes for a loop of bash as its host does now: what emulation costs, whatever else the host is doing. At least 1.
 * It is in the evidence with the limits that go by it.
 */
export async function slownessOf(machine: Machine): Promise<number> {
  const inside = Number((await machine.ask(['loop', String(ROUNDS)])).get('us'));
  const loop = `begun=\${EPOCHREALTIME/./}; for ((i = 0; i < ${ROUNDS}; i++)); do :; done; echo $((\${EPOCHREALTIME/./} - begun))`;
  const said = await run({
    file: 'bash',
    args: ['-c', loop],
    purpose: 'measuring how fast this host is',
    limitMs: LIMIT_MS,
    code: 'no-machine',
  });
  return Math.max(1, Math.round((inside / Number(said)) * 10) / 10);
}

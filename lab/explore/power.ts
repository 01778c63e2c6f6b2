import type { Machine } from '../engine/machine.ts';
import type { BlockRecording } from '../machine/block-recording.ts';
import { logFiles, machineFolders } from '../machine/folders.ts';
import { type AgainstKernel, againstKernel } from './against-kernel.ts';
import { type Finding, findings, isSameCause, type Violation } from './finding.ts';
import { RealStates } from './real-states.ts';
import type { WriteRecord } from './record.ts';

/** Subsets of what no flush had made durable, between two flushes: three kinds of so many each. */
const SAMPLED = 3;

/** What power failures in a record really left on a file system, as an exploration tells it. */
export interface Power {
  fileSystem: string;
  kernel: string;
  /** Disks that were put together and read; of them, different folders. */
  real: number;
  distinct: number;
  /** Different folders that the model tries, of them the ones that were really there; and real ones that it allows and does not try. */
  ofModel: number;
  reached: number;
  between: number;
  /** Real ones that the model does not allow, and disks that could not be mounted. */
  outside: { origin: string; why: string }[];
  refused: { origin: string; why: string }[];
  tookMs: number;
}

/** What a log of the disk's writes came to, against the model. */
export interface PowerFound extends AgainstKernel {
  readonly power: Power;
}

/**
 * Reads what power failures left in a record, and compares it with the model.
 * @param blocks the part of the log that belongs to the record
 */
export async function realPower(
  machine: Machine,
  kernel: string,
  record: WriteRecord,
  blocks: BlockRecording,
): Promise<PowerFound> {
  const { fileSystem } = machine.up.kind;
  await using states = await RealStates.open(logFiles(machineFolders()), fileSystem, blocks.to);
  const emptied = record.sharedMemory ?? new Set<string>();
  const { states: real, refused, tookMs } = await states.of(blocks, { root: record.root, emptied, sampled: SAMPLED });
  const found = againstKernel(record, real);
  const { distinct, ofModel, reached, between, outside } = found;
  return {
    ...found,
    power: {
      fileSystem,
      kernel,
      real: real.length,
      ...{ distinct, ofModel, reached: reached.size, between: between.size },
      outside: [...outside],
      refused: [...refused],
      tookMs: Math.round(tookMs),
    },
  };
}

/** Says of each finding under power loss whether a state that shows it was really there. What it says is about this file system and this run of it. */
export function stamped<Of extends Finding>(
  found: readonly Of[],
  record: WriteRecord,
  violations: readonly Violation[],
  { reached, power }: PowerFound,
): (Of & { seen?: string })[] {
  const seen = findings(
    record,
    violations.filter((one) => one.origin.model === 'power-loss' && reached.has(one.digest)),
    () => true,
  );
  const on = `seen on ${power.fileSystem} (${power.kernel.match(/^\d+\.\d+/)?.[0] ?? power.kernel})`;
  return found.map((one) =>
    one.model === 'power-loss'
      ? { ...one, seen: seen.some((other) => isSameCause(other, one)) ? on : `allowed by POSIX, not ${on}` }
      : one,
  );
}

/** Why the model is not what happened. */
export const untrueOf = ({ power }: PowerFound): string[] => [
  ...power.outside.map(
    ({ origin, why }) => `a real power failure (${origin}) left what the model does not allow: ${why}`,
  ),
  ...power.refused.map(({ origin, why }) => `a disk as a power failure left it (${origin}) could not be read: ${why}`),
];

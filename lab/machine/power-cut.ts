import { randomUUID } from 'node:crypto';
import type { Machine } from '../engine/machine.ts';
import type { PowerCut } from '../fault.ts';

/** More than a page, so that a part of it would be seen. */
const WITNESS_BYTES = 64 * 1024;

/**
 * Cuts a machine's power, switches it on again and looks for what must be gone. The engine's own files are synced before: what it knows of its
 * containers is not what is tried. They are on another disk, and syncing them flushes nothing of the one with the volumes.
 * @throws Problem machine-lost: it ended by itself, or never came back
 */
export async function cutPower(machine: Machine): Promise<PowerCut> {
  const name = `.midwrite-witness-${randomUUID()}`;
  const before = await machine.ask(['hello']);
  const disk = await machine.ask(['state']);
  await machine.ask(['sync-engine']);
  const witness = await machine.ask(['witness', name, String(WITNESS_BYTES)]);
  await machine.cut();
  const cutAt = performance.now();
  await machine.bootAgain();
  const after = await machine.ask(['hello']);
  const left = await machine.ask(['look', name]);
  return {
    witnessBytes: Number(witness.get('bytes')),
    witnessLeftBytes: Number(left.get('bytes')),
    bootBefore: before.get('boot') ?? '',
    bootAfter: after.get('boot') ?? '',
    kernel: after.get('kernel') ?? '',
    fileSystem: disk.get('type') ?? '',
    mountOptions: disk.get('options') ?? '',
    offMs: Math.round(performance.now() - cutAt),
  };
}

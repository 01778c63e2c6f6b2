import { z } from 'zod';
import { ENGINES, FILE_SYSTEMS, type FileSystem, RELEASES } from '../machine-kind.ts';
import type { Endpoint } from './endpoint.ts';

/** What the machine itself can be asked (images/machine/root/usr/local/lib/midwrite/agent.sh). */
export type Question =
  | ['hello']
  | ['state']
  | ['witness', name: string, bytes: string]
  | ['look', name: string]
  | ['sync-engine']
  | ['sync-state']
  | ['loop', rounds: string]
  /** Microseconds since 1970, by the machine's own clock. */
  | ['clock']
  /** The kernel writes by itself from here on, every so many hundredths of a second. */
  | ['writeback', centiseconds: string]
  | ['power-off'];

/** What is written down of the machine that is up. */
export const Up = z.object({
  pid: z.number(),
  port: z.number(),
  kind: z.object({
    release: z.enum(RELEASES),
    cpu: z.enum(['x64', 'arm64']),
    fileSystem: z.enum(Object.keys(FILE_SYSTEMS) as [FileSystem, ...FileSystem[]]),
    engine: z.enum(ENGINES),
  }),
  accelerator: z.enum(['kvm', 'emulated']),
  memoryBytes: z.number(),
  /** A person brought it up, and takes it down; else it goes with the lab that did. */
  outlivesLab: z.boolean(),
  /** Its state disk's writes are written down. */
  blockLog: z.boolean().default(false),
  owner: z.string(),
  bootMs: z.number(),
});
export type Up = z.infer<typeof Up>;

/** A machine whose engine answers. */
export interface Machine {
  endpoint: Endpoint;
  up: Readonly<Up>;
  /** @throws Problem machine-lost, engine-failed */
  ask(question: Question): Promise<ReadonlyMap<string, string>>;
  /** Cuts its power: no flush, no shutdown. Nothing of what its kernel had not sent to a disk is there afterwards. */
  cut(): Promise<void>;
  /** Switches it on again, on the disks as they were left, and waits until its engine answers. */
  bootAgain(): Promise<void>;
}

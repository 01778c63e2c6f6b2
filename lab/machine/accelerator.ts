import { closeSync, openSync, readFileSync } from 'node:fs';
import type { MachineKind } from '../machine-kind.ts';
import { describe } from '../problem.ts';

/** How QEMU runs the machine: on the processor itself, or by emulating one, and why. */
export type Accelerator = { kind: 'kvm' } | { kind: 'emulated'; why: string };

/** What an emulated machine costs, as measured (docs/machines.md). */
export const EMULATED_COST = 'everything in it takes some ten times as long';

/** What decides it; a parameter so that it can be tested on recorded hosts. */
export interface KvmFacts {
  cpu: NodeJS.Architecture;
  /** Why /dev/kvm can't be opened. Undefined: it can. */
  refused: string | undefined;
  /** The flags of the processor, as /proc/cpuinfo has them. */
  flags: string;
}

export function kvmFacts(): KvmFacts {
  let refused: string | undefined;
  try {
    closeSync(openSync('/dev/kvm', 'r+'));
  } catch (error) {
    refused = describe(error);
  }
  const flags = /^flags\s*:(.*)$/m.exec(readOr('/proc/cpuinfo'))?.[1] ?? '';
  return { cpu: process.arch, refused, flags };
}

/**
 * KVM where it can run a kernel that knows nothing of it: on x86 that needs the processor's own support (vmx, svm), whatever stands in /dev. It runs the
 * host's own processor and no other.
 */
export function accelerator({ cpu: host, refused, flags }: KvmFacts, cpu: MachineKind['cpu']): Accelerator {
  if (cpu !== host) return { kind: 'emulated', why: `its processor (${cpu}) is not this host's (${host})` };
  if (refused !== undefined) return { kind: 'emulated', why: `there is no /dev/kvm that can be opened (${refused})` };
  if (host === 'x64' && !/\b(?:vmx|svm)\b/.test(flags))
    return { kind: 'emulated', why: '/dev/kvm is there, and the processor shows neither vmx nor svm' };
  return { kind: 'kvm' };
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

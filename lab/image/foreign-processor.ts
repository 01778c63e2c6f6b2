import { existsSync } from 'node:fs';
import { installPackages } from '../engine/private-engine.ts';
import { debianCpu } from '../machine-kind.ts';
import { describe, Problem } from '../problem.ts';
import { run } from '../process.ts';
import type { BuildOptions, Platform } from './recipe.ts';

const LIMIT_MS = 60_000;
/** How many times as long Debian's packages may take where their programs are emulated. */
const TIMES = 4;

/** A limit for what unpacks Debian's packages for this processor. */
export const unpackingLimit = (cpu: Platform['cpu'], limitMs: number): number =>
  cpu === process.arch ? limitMs : TIMES * limitMs;

/**
 * Makes sure that programs of this processor run on this host: the scripts in Debian's packages do, when an image or a disk is made. Those of another
 * processor are emulated by QEMU's user mode, which the kernel starts for them (binfmt_misc). Debian's packages register it for the whole host; where they
 * can't be installed, whoever has it registered already is served as well.
 * @throws Problem no-machine
 */
export async function ensureRunsHere(cpu: Platform['cpu'], options: BuildOptions): Promise<void> {
  if (cpu === process.arch) return;
  await installPackages(
    ['arch-test', 'update-binfmts', 'qemu-aarch64-static'],
    ['arch-test', 'binfmt-support', 'qemu-user-static'],
    options.say,
    'Install it by hand.',
  );
  const runs = () => run({ file: 'arch-test', args: [debianCpu(cpu)], purpose: 'trying it', limitMs: LIMIT_MS });
  try {
    await runs();
  } catch {
    try {
      await register();
      await runs();
    } catch (error) {
      throw new Problem(
        'no-machine',
        `programs for ${debianCpu(cpu)} don't run on this host: ${describe(error)}. Its kernel must have binfmt_misc, and QEMU must be ` +
          'registered there: `update-binfmts --enable qemu-aarch64` says what is missing.',
        { cause: error },
      );
    }
  }
}

/** Where no init did it, as in a container. */
async function register(): Promise<void> {
  const purpose = 'registering QEMU for programs of another processor';
  if (!existsSync('/proc/sys/fs/binfmt_misc/register'))
    await run({
      file: 'mount',
      args: ['-t', 'binfmt_misc', 'binfmt_misc', '/proc/sys/fs/binfmt_misc'],
      purpose,
      limitMs: LIMIT_MS,
    });
  await run({ file: 'update-binfmts', args: ['--enable', 'qemu-aarch64'], purpose, limitMs: LIMIT_MS });
}

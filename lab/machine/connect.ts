import { candidates, surroundings } from '../engine/endpoint.ts';
import { connect, type Engine, open } from '../engine/engine.ts';
import type { BuildOptions } from '../image/recipe.ts';
import { type FileSystem, machineKind } from '../machine-kind.ts';
import { lock } from '../owner/lock.ts';
import { setSlowness } from '../pace.ts';
import { Problem } from '../problem.ts';
import { lockFile, type MachineFolders, machineFolders } from './folders.ts';
import { machineUp, runningMachine, sweepMachine } from './machine.ts';
import { type Place, useMachine } from './place.ts';
import { slownessOf } from './slowness.ts';

/** What is asked of a machine; what is not, is as it is. */
export interface AskedMachine {
  fileSystem?: FileSystem;
  blockLog?: boolean;
}

const ALONE_LIMIT_MS = 5_000;
const aloneFile = (folders: MachineFolders) => `${lockFile(folders)}.use`;

/**
 * The engine that something runs on. A power can only be cut where it is the lab's own: what needs that brings the machine up by itself, unless a
 * person named another engine.
 * @param asked what the machine must be, where one is used
 * @param needs the name of what cuts the power, if anything does
 * @throws Problem bad-usage: it needs the machine, and another engine was named; no-engine, no-machine
 */
export async function connectTo(
  place: Place | undefined,
  needs: string | undefined,
  options: BuildOptions,
  asked: AskedMachine = {},
): Promise<Engine> {
  await sweepMachine();
  const named = candidates(surroundings()).find(({ explicit }) => explicit);
  if (needs !== undefined && place !== 'machine' && (place === 'engine' || named !== undefined))
    throw new Problem(
      'bad-usage',
      `${needs} cuts the power of a machine, and ${place === 'engine' ? '--on engine' : `${named?.from} (${named?.uri})`} ` +
        "names an engine whose machine is not the lab's own: run it with --on machine.",
    );
  if (place !== 'machine' && needs === undefined) return connect(options.say);
  return onMachine(options, asked);
}

async function onMachine(options: BuildOptions, { fileSystem, blockLog = false }: AskedMachine): Promise<Engine> {
  const folders = machineFolders();
  // A cut takes everything with it that runs there: one lab at a time.
  const alone = await lock(aloneFile(folders), ALONE_LIMIT_MS);
  try {
    const running = (await runningMachine(folders))?.kind;
    const kind = { ...(running ?? machineKind({})), ...(fileSystem !== undefined && { fileSystem }) };
    const machine = await machineUp(kind, { ...options, outlivesLab: false, blockLog }, folders);
    useMachine({ machine, alone });
    const slowness = await slownessOf(machine);
    setSlowness(slowness);
    return { ...(await open(machine.endpoint)), machine, slowness };
  } catch (error) {
    await alone[Symbol.asyncDispose]();
    throw error;
  }
}

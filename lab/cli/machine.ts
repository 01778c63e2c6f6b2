import { inWords, machineDown, machineStatus, machineUp } from '../machine/machine.ts';
import { machineKind } from '../machine-kind.ts';
import { ExitCode } from '../problem.ts';
import { interrupted } from './interrupt.ts';

/** The options that say what kind of machine, as commander gives them. */
export interface MachineOptions {
  release?: string;
  arch?: string;
  fileSystem?: string;
  engine?: string;
  blockLog?: boolean;
}

export async function machineUpCommand(options: MachineOptions): Promise<ExitCode> {
  const kind = machineKind(options);
  const say = (line: string) => console.log(line);
  const { endpoint, up } = await machineUp(kind, {
    say,
    signal: interrupted,
    outlivesLab: true,
    blockLog: options.blockLog === true,
  });
  console.log(
    `The machine (${inWords(kind)}) is up after ${(up.bootMs / 1000).toFixed(0)} s; its engine is at ${endpoint.uri}. ` +
      '`--on machine` uses it, `npx midwrite machine down` stops it.',
  );
  return ExitCode.sound;
}

export async function machineDownCommand({ purge }: { purge?: boolean }): Promise<ExitCode> {
  const done = await machineDown({ purge: purge === true });
  const disks = purge === true ? ', and its disks are deleted' : '; its disk is kept (`--purge` deletes it)';
  console.log(done === 'stopped' ? `The machine is stopped${disks}.` : `No machine was up${disks}.`);
  return ExitCode.sound;
}

/** Exits 0 whether one is up or not: it was asked, and answered. */
export async function machineStatusCommand({ json }: { json?: boolean }): Promise<ExitCode> {
  const status = await machineStatus();
  if (json === true) console.log(JSON.stringify(status, null, 2));
  else for (const line of status.lines) console.log(line);
  return ExitCode.sound;
}

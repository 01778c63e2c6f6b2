import path from 'node:path';

/** Where machines live. Disks stay in `data` from run to run; `run` holds what is of the machine that is up, and is gone when it is down. */
export interface MachineFolders {
  data: string;
  run: string;
}

export function machineFolders(): MachineFolders {
  return {
    data: process.env.MIDWRITE_MACHINE_DATA ?? '/var/lib/midwrite/machine',
    run: process.env.MIDWRITE_MACHINE_RUN ?? '/run/midwrite-machine',
  };
}

/** The files of one kind of machine. */
export interface DiskFiles {
  folder: string;
  root: string;
  kernel: string;
  initrd: string;
  /** ca.pem, cert.pem and key.pem of who may use its engine. */
  certificates: string;
}

export function diskFiles(folders: MachineFolders, name: string): DiskFiles {
  const folder = path.join(folders.data, name);
  return {
    folder,
    root: path.join(folder, 'root.img'),
    kernel: path.join(folder, 'vmlinuz'),
    initrd: path.join(folder, 'initrd.img'),
    certificates: path.join(folder, 'certificates'),
  };
}

export const stateDisk = (folders: MachineFolders) => path.join(folders.data, 'state.img');
/** The state disk as it was made, before its first boot; with a block log only. */
export const stateBase = (folders: MachineFolders) => path.join(folders.data, 'state.base.img');
/** What was written to the state disk since, as QEMU tells it (block-log.ts). */
export const stateLog = (folders: MachineFolders) => path.join(folders.data, 'state.log');
export const logFiles = (folders: MachineFolders) => ({ base: stateBase(folders), log: stateLog(folders) });
export const pidFile = (folders: MachineFolders) => path.join(folders.run, 'qemu.pid');
export const consoleFile = (folders: MachineFolders) => path.join(folders.run, 'console.log');
export const agentSocket = (folders: MachineFolders) => path.join(folders.run, 'agent.sock');
export const machineFile = (folders: MachineFolders) => path.join(folders.run, 'machine.json');
export const lockFile = (folders: MachineFolders) => `${folders.data}.lock`;

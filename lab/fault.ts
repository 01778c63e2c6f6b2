import type { CellEvidence } from './evidence/cell-evidence.ts';

/** Whether the fault took place where it should have, told from evidence. */
export type Landing = { landed: true; proof: string } | { landed: false; why: string };

/** What a fault may do to a system: real things, from outside. It knows nothing of crash points. */
export interface Target {
  /** Sends a signal through the Docker API. */
  signal(name: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Fills the container's memory until the kernel kills the system or there is no more to fill; resolves with what writegate saw. */
  fillMemory(): Promise<{ why: string; bytes: number; oomKills: number }>;
  /** Fills the state folder's disk until only so many bytes are free; resolves with what the file system says. */
  fillDisk(leaveBytes: number): Promise<{ ballastBytes: number; freeBytes: number }>;
  /** Takes the ballast away again; resolves with what was free just before. */
  freeDisk(): Promise<{ freeBytes: number }>;
  /** Sets the times of everything in the state folder back. */
  ageState(byMs: number, why: string): Promise<void>;
  /**
   * Lets the system's other threads change files while the one call stands still, for as long as its repeated sweep takes to come by. Nothing
   * happens where it promises no such sweep.
   */
  othersGoOn(): Promise<void>;
  /** Lets others have their time while the system is frozen. In a cell there are none. */
  meanwhile(): Promise<void>;
  /** Waits until the system leaves its state folder alone. */
  quiet(): Promise<void>;
  /** Lets the held call go on; if a freeze took it back, once it is there again. */
  release(): Promise<void>;
  /**
   * Cuts the power of the machine, switches it on again and waits for its engine. What was in its memory is gone, the lab's own containers with it; they
   * are started again, the system is not.
   * @throws Problem no-machine: the engine's machine is not the lab's own; machine-lost: it ended by itself
   */
  cutPower(): Promise<PowerCut>;
  /** Waits until the container has stopped. */
  ended(): Promise<void>;
  /** Waits until the engine reports an action (`die`, `oom`, `pause`, …) for the container. */
  dockerEvent(action: string): Promise<void>;
  /** Waits until the driver has heard the end of the turn that is held. */
  turnEnded(): Promise<void>;
  /** Puts a fact into the evidence. */
  note(step: string, facts?: Record<string, string | number | boolean | null>): void;
}

/** What was seen around a power cut. */
export type PowerCut = {
  /** A file that was written beside the state folder just before, and never synced. */
  witnessBytes: number;
  /** What there is of it afterwards; -1: not even its name. */
  witnessLeftBytes: number;
  /** The ids of the kernel's boots: two of them. */
  bootBefore: string;
  bootAfter: string;
  kernel: string;
  /** How the disk with the state folder is mounted, as the kernel says it. */
  fileSystem: string;
  mountOptions: string;
  offMs: number;
};

/** One fault: one file in faults/, one line in its index. */
export interface Fault {
  name: string;
  /** One sentence for `midwrite list`: what really happens. */
  summary: string;
  /** The process is gone afterwards: the system is booted again on what was left. */
  lethal: boolean;
  /** No fault at all: a cell with it is a control and must hold. */
  isControl?: boolean;
  /** The held turn may be refused: the system has to live on, and to lose nothing. */
  mayRefuse?: boolean;
  /** The state folder is on a disk of this size. Absent: on the engine's own. */
  diskBytes?: number;
  /** It cuts the power of the machine: it runs on the lab's own, and beside nothing else. */
  cutsPower?: boolean;
  /** In the plan unless others are asked for. Absent: yes. */
  inDefaultPlan?: boolean;
  /** OOM kills of the system that belong to the fault. */
  oomKills: number;
  strike(target: Target): Promise<void>;
  /** The proof that it landed, from evidence alone. The hold itself is proved elsewhere. */
  landing(evidence: CellEvidence): Landing;
}

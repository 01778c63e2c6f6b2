import type { CellEvidence } from './evidence/cell-evidence.ts';
import type { CallError } from './gate/call-errors.ts';
import type { ArmSpec } from './gate/protocol.ts';

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
  /** The same for a call that a signal may have taken back, or whose caller may be dead. */
  letGo(): Promise<void>;
  /**
   * The held call fails in the kernel's place; `loses`: a sync, with what was not synced. A write that has taken a part says how much, as the kernel does it:
   * then the error is what the next write to its file meets.
   */
  fail(error: CallError, loses?: 'unsynced'): Promise<void>;
  /** The held write writes a part of its bytes, and says so. */
  shorten(): Promise<void>;
  /** From here on each call fails that can return the error: those on the held call's file, by whatever name its kind has, or all in the state folder. */
  refuse(error: CallError, what: 'file' | 'folder'): Promise<void>;
  /** Takes that away; resolves with how many calls have failed, or undefined where the system has ended. */
  allow(): Promise<number | undefined>;
  /** From here on each call in the state folder takes so much longer; 0: no more. */
  slow(ms: number): Promise<void>;
  /** Waits until the container has stopped. False: it had not after so long. */
  endedWithin(limitMs: number): Promise<boolean>;
  /** Boots the system again and kills it at the first change that this boot makes. False: it was ready before it changed anything. */
  dieInRecovery(): Promise<boolean>;
  /** Boots the system again, sends it the next write and kills it at the place of the first. Resolves with where that was, in words. */
  dieInNextWrite(): Promise<string>;
  /** The stopped container goes, and its host with it: the next boot is of another one, with other names and process ids, on the same state. */
  replace(): Promise<void>;
  /** Lets a Node system use up the heap that it allows itself; resolves with why it could not, or undefined. */
  exhaustHeap(): Promise<string | undefined>;
  /** SIGKILL, and what `ended` waits for. */
  kill(): Promise<void>;
  /** Waits until the container has stopped, and the engine has reported it. */
  ended(): Promise<void>;
  /** Waits until the engine reports an action (`die`, `oom`, `pause`, …) for the container. */
  dockerEvent(action: string): Promise<void>;
  /** Waits until the driver has heard the end of the turn that is held. */
  turnEnded(): Promise<void>;
  /** The same where it may wait for the fault to go; and until the system is quiet, or is seen not to be. */
  turnHadItsTime(): Promise<void>;
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
/** The kinds of faults, in the order in which `midwrite list` has them. */
export const FAULT_KINDS = {
  dies: 'the process dies',
  stops: 'the process is stopped or moved, as an operator does it',
  sleeps: 'the machine sleeps',
  fails: 'a call fails, and the process lives',
  disk: 'the disk is full or slow',
  own: 'of the config',
  none: 'no fault',
} as const;
export type FaultKind = keyof typeof FAULT_KINDS;

/** One fault: one file in faults/, one line in its index. */
export interface Fault {
  name: string;
  /** Absent: a config's own. */
  kind?: FaultKind;
  /** One sentence for `midwrite list`: what really happens. */
  summary: string;
  /** The process is gone afterwards: the system is booted again on what was left. */
  lethal: boolean;
  /** No fault at all: a cell with it is a control and must hold. */
  isControl?: boolean;
  /** The held turn may be refused: the system has to live on, and to lose nothing. */
  mayRefuse?: boolean;
  /** Calls of the system fail: when it has driven on, it is killed and booted again, so that what it said is seen to be on disk, and what only a boot mends. */
  failsCalls?: boolean;
  /** Why it can't be injected where a call is held so; undefined: it can. Absent: it always can. */
  unfit?(hold: Pick<ArmSpec, 'op' | 'at' | 'bytes'>): string | undefined;
  /** A sweep of errors has it: at one call, or from that one on. Absent: no sweep has. */
  sweep?: 'once' | 'from there on';
  /** It needs a system that stays: one that is run for each write has nothing that could be struck so. */
  needsServer?: boolean;
  /** It strikes the write after the one that is held, too: it needs a write that is struck, and one at a time. */
  strikesNextWrite?: boolean;
  /** Commands that writegate runs at each boot before the system's first call. */
  firstCommands?: readonly string[];
  /** What the system's environment has in its cells, from what it has and the memory limit. */
  env?(own: Readonly<Record<string, string>>, memoryBytes: number): Readonly<Record<string, string>>;
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

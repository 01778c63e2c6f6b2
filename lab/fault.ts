import type { CellEvidence } from './evidence/cell-evidence.ts';

/** Whether the fault took place where it should have, told from evidence. */
export type Landing = { landed: true; proof: string } | { landed: false; why: string };

/** What a fault may do to a gateway: real things, from outside. It knows nothing of crash points. */
export interface Target {
  /** Sends a signal through the Docker API. */
  signal(name: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Fills the container's memory until the kernel kills the gateway or there is no more to fill; resolves with what writegate saw. */
  fillMemory(): Promise<{ why: string; bytes: number; oomKills: number }>;
  /** Sets the times of everything in the state folder back. */
  ageState(byMs: number, why: string): Promise<void>;
  /** Lets the held call go on; if a freeze took it back, once it is there again. */
  release(): Promise<void>;
  /** Waits until the container has stopped. */
  ended(): Promise<void>;
  /** Waits until the engine reports an action (`die`, `oom`, `pause`, …) for the container. */
  dockerEvent(action: string): Promise<void>;
  /** Waits until the driver has heard the end of the turn that is held. */
  turnEnded(): Promise<void>;
  /** Puts a fact into the evidence. */
  note(step: string, facts?: Record<string, string | number | boolean | null>): void;
}

/** One fault: one file in faults/, one line in its index. */
export interface Fault {
  name: string;
  /** One sentence for `midwrite list`: what really happens. */
  summary: string;
  /** The process is gone afterwards: the gateway is booted again on what was left. */
  lethal: boolean;
  /** No fault at all: a cell with it is a control and must hold. */
  isControl?: boolean;
  /** OOM kills of the gateway that belong to the fault. */
  oomKills: number;
  strike(target: Target): Promise<void>;
  /** The proof that it landed, from evidence alone. The hold itself is proved elsewhere. */
  landing(evidence: CellEvidence): Landing;
}

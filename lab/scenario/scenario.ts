import type { WorstMoment } from '../crash-point/transient.ts';
import type { CrashPoint } from '../crash-point/write-shape.ts';
import type { Conversation } from '../drive.ts';
import type { CellEvidence } from '../evidence/cell-evidence.ts';
import type { EvidenceOf, Moment, RowMoment } from '../evidence/event.ts';
import type { Fault } from '../fault.ts';
import type { Mapped } from '../gate/gate.ts';
import type { ArmSpec, GateEventOf } from '../gate/protocol.ts';
import type { CommandResult } from '../pod/pod.ts';
import type { Curve, Figure } from '../result/figure.ts';
import type { Proof, Verdict } from '../result/verdict.ts';
import type { Entry, Heap, Sidecar } from '../sidecar/client.ts';
import type { Boot, HttpRequest, Lease, LeaseHolder, Release } from '../system.ts';
import type { StoredRow } from '../workload/stored-rows.ts';
import type { FolderCopy } from './folder-copy.ts';
import type { Outcome } from './random-strike.ts';
import type { EndInPlace } from './run-in-place.ts';
import type { SecondSystem } from './second-system.ts';

export type KeptAfter = EvidenceOf<'kept'>['after'];

/** Another release on the same state folder. */
export interface OtherRelease {
  release: Release;
  /** False: it was never ready. */
  boot(): Promise<boolean>;
  turn(name: string): Promise<boolean>;
  quiet(): Promise<void>;
  stop(): Promise<void>;
  makeKept(): Promise<void>;
  askKept(after: KeptAfter): Promise<void>;
}

export type LookSeries = EvidenceOf<'look'>['series'];

/** What a scenario's checks get to see. */
export interface JudgedScenario {
  evidence: CellEvidence;
  /** That everything took place that is in the evidence, and every fault in it landed. */
  proof: Proof;
}

/** One promise over many writes, judged from evidence alone. */
export interface ScenarioCheck {
  id: string;
  promise: string;
  judge(judged: JudgedScenario): Verdict;
}

/** What a document says of what a scenario measures, to stand beside it. */
export interface Document {
  url: string;
  /** One sentence with its figures. */
  says: string;
}

/** What a scenario does its steps with: a system in a pod. Everything is recorded. */
export interface ScenarioLab {
  release: Release;
  sidecar: Sidecar;
  /** Steps that are to be taken, from 1. */
  steps: number;
  /** The step to begin with: 1, and a later one where a run that was cut off is taken up again, on an empty state folder. */
  from: number;
  isQuick: boolean;
  /** Of an upgrade: the release before, on the same state folder. */
  before?: OtherRelease;
  /** Copies the state folder of the stopped system, and puts a copy back. */
  copyFolder(): Promise<FolderCopy>;
  putBack(copy: FolderCopy): Promise<void>;
  /** Asks the system that runs for all that it keeps, and puts the answers into the evidence. */
  askKept(after: KeptAfter): Promise<void>;
  /** Boots a system that refuses until it is ready, as a restart policy does. False: it never was. */
  bootWhileItRefuses(): Promise<boolean>;
  /** Boots it once. False: it ended before it was ready, and nothing is over for that. */
  tryBoot(): Promise<boolean>;
  /** Runs a command line of the system's in its place, under writegate. Undefined: it did not end in its time, and was killed; the evidence says so. */
  runInPlace(argv: readonly string[]): Promise<EndInPlace | undefined>;
  /** The same into a hold, where the scenario's fault is injected. False: the call did not come. */
  crashInPlace(argv: readonly string[], arm: ArmSpec): Promise<boolean>;
  /**
   * Boots the system and waits until it is ready. False: it never was; then the scenario is over, and that is its result.
   * @param env what its environment has beside its own from now on
   */
  boot(env?: Readonly<Record<string, string>>): Promise<boolean>;
  /** Stops it as its operator would. */
  stop(): Promise<void>;
  /** One turn to its end. False: it was not acknowledged. */
  turn(name: string): Promise<boolean>;
  /** Waits until it leaves its state folder alone. */
  quiet(): Promise<void>;
  /** Whatever the scenario's seed says: a fault at a moment, and what comes of it, as in a cell. */
  strikeAtRandom(step: number): Promise<Outcome>;
  /** Drives a turn into a crash point and injects the scenario's fault there. False: the crash point was not reached. */
  crash(point: CrashPoint): Promise<boolean>;
  /**
   * Boots the stopped system into a hold in the boot itself, and injects the scenario's fault there.
   * @returns false: the call did not come before it was ready, or it was not ready; the evidence says which
   */
  crashInBoot(arm: ArmSpec): Promise<boolean>;
  /**
   * The same where no undisturbed boot shows the place: each call that meets `arm` is held, and the fault is injected at the first of which `isIt` is true.
   * Nothing in the state folder changes while `isIt` is asked.
   */
  crashInBootWhere(arm: ArmSpec, isIt: () => Promise<boolean>): Promise<boolean>;
  /** Who has a lease, by what is on disk. */
  holderOf(lease: Lease): Promise<LeaseHolder | undefined>;
  /** The same, into the evidence. */
  tellHolder(lease: Lease, moment: Moment): Promise<LeaseHolder | undefined>;
  /** Boots it and waits no longer than that. False: it was not ready by then, or ended before; one that still runs goes on. */
  bootWithin(limitMs: number): Promise<boolean>;
  /** The calls of this boot in the state folder, so far. */
  ops(): readonly GateEventOf<'op'>[];
  /** Puts what lies in all watched folders into the evidence, for `left-behind`, and gives what it comes to. */
  look(series: LookSeries, x: number): Promise<{ entries: number; bytes: number }>;
  /** Puts the moment into the evidence at which crashes are to fall. */
  tellMoment(moment: WorstMoment): void;
  /**
   * The same, with the looks at the state folder that a cell takes, for checks of cells. The system lives on, is stopped and booted again.
   * @param meanwhile what others do while it is frozen
   * @returns false: the crash point was not reached, or it was not ready again
   */
  strikeAsInACell(point: CrashPoint, step: number, meanwhile: () => Promise<void>): Promise<boolean>;
  /** A second system on the same state folder, as on another machine. It goes when it is disposed of. */
  second(): Promise<SecondSystem>;
  /** Makes everything older than the grace of its sweep, or by so much. */
  age(byMs?: number): Promise<void>;
  /** Lets the time pass that its sweep has after it was ready. */
  sweepTime(): Promise<void>;
  /** What lies in the state folder. */
  list(): Promise<Entry[]>;
  /** The JavaScript heap after a collection, and what is resident. */
  heap(): Promise<Heap>;
  /** Counts what is in the collections of the heap, after a series or before the first. It takes seconds, and as much memory as the heap. */
  collections(after: string): Promise<void>;
  /** What its processes have mapped, and what is charged to them. */
  mapped(): Promise<Mapped>;
  /** What is charged to its cgroup, and what that is made of. */
  charged(): Promise<GateEventOf<'charged'>>;
  /** Many requests; rejects if one of them was not answered well: what is measured then is something else. */
  requests(call: HttpRequest | Conversation, count: number, from: number): Promise<void>;
  /**
   * Runs a command line to its end beside the system, whether that is running or not.
   * @throws Problem limit-passed
   */
  command(argv: readonly string[], limitMs: number): Promise<CommandResult>;
  /**
   * The text of the stopped system's store, which is a file of JSON rows.
   * @throws Problem bad-usage: it is none, or there is more beside it
   */
  storeText(): Promise<string>;
  /** Puts what is in the stopped system's store into the evidence, each row with the kind that its definition gives it. */
  rows(moment: RowMoment): Promise<readonly StoredRow[]>;
  /** For the stopped system, lets so much time pass: all files and all rows get older. */
  pass(ms: number): Promise<void>;
  /** Bytes written to the state folder in this boot, as writegate saw them. */
  writtenBytes(): number;
  /** The most that was charged to the system's cgroup in this boot. */
  chargedBytes(): number;
  /** Lets a time pass in which the system has something to do by itself. */
  idle(ms: number): Promise<void>;
  /** Whether a file has the name of a temp: as temps were seen to be made, and as the system's definition says. */
  isTemp(file: string): boolean;
  /** Begins a step; what belongs to it comes after. */
  step(number: number): void;
  /** Puts a point of a curve into the evidence. */
  point(series: string, x: number, values: Record<string, number>): void;
}

/** A longer run than a cell: many writes, many crashes. One file in lab/scenarios/, one line in its index. */
export interface Scenario {
  name: string;
  /** One sentence for `midwrite scenario --list`. */
  summary: string;
  document?: Document;
  /** The systems that a plain run takes, side by side: NAME or NAME@VERSION. */
  systems: readonly string[];
  /** How many steps it takes. A step that was done is not done again when a run is taken up. */
  steps: { full: number; quick: number };
  /** The fault that its crashes inject, by name. Absent: it has none. */
  fault?: string;
  /** The memory limit, where it is not the release's own. */
  memoryBytes?(release: Release): number;
  /** It looks at the temp folder too, which is a volume then and outlives the system's container. */
  watchesTemp?: true;
  /** Its steps draw from a seed: these faults, and moments for them. */
  draws?: { faults: readonly string[] };
  /** How the system is installed for it. Absent: as for a cell. */
  boot?(release: Release): Boot;
  checks: readonly ScenarioCheck[];
  curves: readonly Curve[];
  /** What it found, from evidence alone: figures, and no judgement of a promise. */
  figures(evidence: CellEvidence): readonly Figure[];
  live(lab: ScenarioLab): Promise<void>;
}

export function drawnFaults(scenario: Scenario, faults: readonly Fault[]): readonly Fault[] {
  return faults.filter((fault) => scenario.draws?.faults.includes(fault.name));
}

export function faultOf(scenario: Scenario, faults: readonly Fault[]): Fault | undefined {
  if (scenario.fault === undefined) return undefined;
  const found = faults.find((fault) => fault.name === scenario.fault);
  if (found === undefined)
    throw new Error(`the scenario ${scenario.name} wants the fault ${scenario.fault}, and there is none`);
  return found;
}

/** Node's inspector, on the pod's loopback: that is how a heap is looked at. https://nodejs.org/api/cli.html#--inspecthostport */
export const INSPECTED = { NODE_OPTIONS: '--inspect=127.0.0.1:9229' };

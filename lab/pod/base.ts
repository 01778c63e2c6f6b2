import { LabContainer } from '../docker/lab-container.ts';
import { makeVolume } from '../docker/volume.ts';
import type { Engine } from '../engine/engine.ts';
import type { GateEvent } from '../gate/protocol.ts';
import { Sidecar } from '../sidecar/client.ts';
import type { Release } from '../system.ts';
import { HOSTNAME, type PodPart, sidecarSpec } from './specs.ts';

export const SIDECAR_START_LIMIT_MS = 30_000;

export interface PodSpec {
  /** Unique over all labs on the engine. */
  label: string;
  /** Start of the names of the containers and the volume. */
  name: string;
  release: Release;
  images: { system: string; sidecar: string };
  memoryBytes: number;
  /** The state folder is on a disk of this size, in memory. Absent: on the engine's own. */
  diskBytes?: number;
  /** How often writegate looks at the memory, in ms. Absent: as it does by itself. */
  sampleMs?: number;
  /** Commands that writegate runs before the system's first call, at every boot. */
  firstCommands?: readonly string[];
  /** writegate tells what the system opens in its state folder. */
  tellsOpens?: boolean;
  /** Gets every event of writegate's, those of a record too, which are in no evidence. */
  onGateEvent?(event: GateEvent): void;
  /** The temp folder is a volume too: it outlives the system's container, and can be looked at. Absent: it is in memory, and new at every boot. */
  keepsTemp?: boolean;
  /** Boots that an earlier pod of the same evidence had: numbers go on after them. */
  bootsBefore?: number;
}

const tempVolumeOf = ({ name }: PodSpec): string => `${name}-temp`;

/** A temp folder that is looked at has what the program leaves in it, and nothing is mounted below it. */
const cacheVolumeOf = ({ name, keepsTemp, release }: PodSpec): string | undefined =>
  release.boot.cache === undefined || keepsTemp === true ? undefined : `${name}-cache`;

export function partOf(spec: PodSpec, volume: string, suffix: string): Omit<PodPart, 'image'> {
  const cacheVolume = cacheVolumeOf(spec);
  return {
    cell: spec.label,
    name: spec.name,
    suffix,
    volume,
    ...(spec.keepsTemp === true && { tempVolume: tempVolumeOf(spec) }),
    ...(cacheVolume !== undefined && { cacheVolume }),
    release: spec.release,
  };
}

/** A sidecar that has started, and its container. */
export interface StartedSidecar {
  sidecar: Sidecar;
  sidecarContainer: LabContainer;
}

/**
 * @param where `suffix`: of the names of the containers; `hostname`: of the sidecar, and of the system that joins it
 * @param resources get the container
 */
export async function startSidecar(
  {
    engine,
    spec,
    volume,
    suffix,
    hostname,
  }: { engine: Engine; spec: PodSpec; volume: string; suffix: string; hostname: string },
  resources: AsyncDisposableStack,
): Promise<StartedSidecar> {
  const part = { ...partOf(spec, volume, suffix), image: spec.images.sidecar };
  const sidecarContainer = resources.use(await LabContainer.start(engine, sidecarSpec(part, hostname)));
  const sidecar = new Sidecar(sidecarContainer.streams);
  await sidecar.started(SIDECAR_START_LIMIT_MS);
  return { sidecar, sidecarContainer };
}

/** A pod without its system: fresh volumes, and the sidecar on them. */
export interface PodBase extends StartedSidecar {
  volume: string;
  /** All of it. Whoever has the base disposes of them. */
  resources: AsyncDisposableStack;
}

export async function startBase(engine: Engine, spec: PodSpec): Promise<PodBase> {
  await using undo = new AsyncDisposableStack();
  const volume = undo.use(await makeVolume(engine, `${spec.name}-state`, spec.label, spec.diskBytes)).name;
  if (spec.keepsTemp === true) undo.use(await makeVolume(engine, tempVolumeOf(spec), spec.label));
  const cacheVolume = cacheVolumeOf(spec);
  if (cacheVolume !== undefined) undo.use(await makeVolume(engine, cacheVolume, spec.label));
  const started = await startSidecar({ engine, spec, volume, suffix: '', hostname: HOSTNAME }, undo);
  return { ...started, volume, resources: undo.move() };
}

/** The base of a pod that is needed soon, begun at once. How that ended is told to whoever takes it. */
export class BaseAhead implements AsyncDisposable {
  readonly spec: PodSpec;
  readonly #base: Promise<PodBase>;
  #isTaken = false;

  constructor(engine: Engine, spec: PodSpec) {
    this.spec = spec;
    this.#base = startBase(engine, spec);
    this.#base.catch(() => undefined);
  }

  /** @throws what starting it threw */
  take(): Promise<PodBase> {
    this.#isTaken = true;
    return this.#base;
  }

  /** Removes it if nobody took it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isTaken) return;
    const base = await this.#base.catch(() => undefined);
    await base?.resources.disposeAsync();
  }
}

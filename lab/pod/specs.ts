import { type ContainerSpec, OTHER_TEMP_FOLDER } from '../docker/container-spec.ts';
import type { Release } from '../system.ts';

const MiB = 1024 * 1024;

/** What both containers of a pod need to be told. */
export interface PodPart {
  /** Unique over all labs on the engine. */
  cell: string;
  /** Start of the names of the pod's containers. */
  name: string;
  /** Their end: of a second pod on the same state. Absent: nothing. */
  suffix?: string;
  image: string;
  volume: string;
  /** Of the temp folder, where that is to be looked at. */
  tempVolume?: string;
  /** Of the cache, where the release has one. */
  cacheVolume?: string;
  release: Release;
}

/**
 * What a system's machine is called, in every pod: a state that one pod has left is booted in another one, and a lock or a lease in it has the hostname
 * of its owner. A restart of the same container does not change that; what is another machine (a second system, a container that was replaced) has another.
 */
export const HOSTNAME = 'midwrite';

const withTemp = ({ tempVolume }: PodPart) => (tempVolume === undefined ? {} : { tempVolume });

/** In the sidecar's image: a volume that is mounted there first has the owner and the mode of this folder from then on. */
const CACHE_IN_SIDECAR = '/cache';

const withCache = ({ cacheVolume }: PodPart, path: string | undefined) =>
  cacheVolume === undefined || path === undefined ? {} : { cache: { name: cacheVolume, path } };

/** The sidecar: it owns a network namespace that has only loopback, and the hostname of the system that joins it. */
export function sidecarSpec(part: PodPart, hostname: string): ContainerSpec {
  const { cell, name, suffix = '', image, volume, release, tempVolume } = part;
  return {
    ...withTemp(part),
    ...withCache(part, CACHE_IN_SIDECAR),
    cell,
    name: `${name}-sidecar${suffix}`,
    image,
    command: [],
    // Its own files are none of the system's.
    env: tempVolume === undefined ? {} : { TMPDIR: OTHER_TEMP_FOLDER },
    volume: { name: volume, path: release.promises.root },
    hostname,
    network: 'none',
    memoryBytes: 512 * MiB,
    sharedMemoryBytes: MiB,
    pids: 64,
  };
}

/**
 * The system, in the sidecar's network namespace.
 * @param wrapper what its boot command is handed to
 */
export function systemSpec(
  part: PodPart,
  sidecarId: string,
  memoryBytes: number,
  wrapper: readonly string[],
): ContainerSpec {
  const { cell, name, suffix = '', image, volume, release } = part;
  return {
    ...withTemp(part),
    ...withCache(part, release.boot.cache),
    cell,
    name: `${name}-system${suffix}`,
    image,
    command: [...wrapper, ...release.boot.command],
    env: release.boot.env,
    volume: { name: volume, path: release.promises.root },
    network: `container:${sidecarId}`,
    ...(release.boot.folder === undefined ? {} : { workingDirectory: release.boot.folder }),
    memoryBytes,
    // Room for as much ballast as the limit lets in.
    sharedMemoryBytes: memoryBytes + 64 * MiB,
    pids: 512,
  };
}

/**
 * A command line beside the system, as its operator would run it on the same machine: its image, its environment, its volume, its loopback. Its
 * memory is its own, so that what is charged to the system stays the system's.
 * @param serial so many commands were run in this pod before
 * @param systemId the system's container if it is running: the two see each other's processes, as a lock by process id needs it
 */
export function commandSpec(
  part: PodPart,
  sidecarId: string,
  memoryBytes: number,
  { argv, serial, systemId }: { argv: readonly string[]; serial: number; systemId?: string },
): ContainerSpec {
  const { cell, name, image, volume, release } = part;
  return {
    ...withTemp(part),
    ...withCache(part, release.boot.cache),
    cell,
    name: `${name}-command-${serial}`,
    image,
    command: argv,
    env: release.boot.env,
    volume: { name: volume, path: release.promises.root },
    network: `container:${sidecarId}`,
    ...(systemId === undefined ? {} : { processesOf: systemId }),
    memoryBytes,
    sharedMemoryBytes: MiB,
    pids: 512,
  };
}

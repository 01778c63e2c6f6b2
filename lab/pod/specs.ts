import type { ContainerSpec } from '../docker/harmless-container.ts';
import type { Release } from '../gateway.ts';

const MiB = 1024 * 1024;

/** What both containers of a pod need to be told. */
export interface PodPart {
  /** Unique over all labs on the engine. */
  cell: string;
  /** Start of the names of the pod's containers. */
  name: string;
  image: string;
  volume: string;
  release: Release;
}

/** The sidecar: it owns a network namespace that has only loopback. */
export function sidecarSpec({ cell, name, image, volume, release }: PodPart): ContainerSpec {
  return {
    cell,
    name: `${name}-sidecar`,
    image,
    command: [],
    env: {},
    volume: { name: volume, path: release.promises.root },
    network: 'none',
    memoryBytes: 512 * MiB,
    sharedMemoryBytes: MiB,
    pids: 64,
  };
}

/**
 * The gateway, in the sidecar's network namespace.
 * @param wrapper what its boot command is handed to
 */
export function gatewaySpec(
  part: PodPart,
  sidecarId: string,
  memoryBytes: number,
  wrapper: readonly string[],
): ContainerSpec {
  const { cell, name, image, volume, release } = part;
  return {
    cell,
    name: `${name}-gateway`,
    image,
    command: [...wrapper, ...release.boot.command],
    env: release.boot.env,
    volume: { name: volume, path: release.promises.root },
    network: `container:${sidecarId}`,
    memoryBytes,
    // Room for as much ballast as the limit lets in.
    sharedMemoryBytes: memoryBytes + 64 * MiB,
    pids: 512,
  };
}

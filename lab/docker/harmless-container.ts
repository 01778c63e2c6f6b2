import type { HostConfig } from 'dockerode';
import { GenericContainer } from 'testcontainers';
import { type ContainerSpec, OTHER_TEMP_FOLDER, TEMP_FOLDER } from './container-spec.ts';
import { labels } from './labels.ts';

const START_LIMIT_MS = 60_000;

/**
 * A container of the lab's, on top of Testcontainers: no network but loopback, no capabilities, no new privileges, an ordinary user, a
 * read-only root, limits on memory and processes. What Testcontainers has no word for (attaching before the start, starting the same
 * container again, freezing) goes to dockerode.
 */
export class HarmlessContainer extends GenericContainer {
  readonly #attach: (id: string) => Promise<void>;

  constructor(spec: ContainerSpec, attach: (id: string) => Promise<void>) {
    super(spec.image);
    this.#attach = attach;
    this.withName(spec.name)
      .withCommand([...spec.command])
      .withEnvironment(spec.env)
      .withLabels(labels('container', spec.cell))
      .withNetworkMode(spec.network)
      .withUser('1000:1000')
      .withDroppedCapabilities('ALL')
      .withSecurityOpt('no-new-privileges')
      .withSharedMemorySize(spec.sharedMemoryBytes)
      .withTmpFs({ [spec.tempVolume === undefined ? TEMP_FOLDER : OTHER_TEMP_FOLDER]: 'rw,nosuid,nodev,mode=1777' })
      .withAutoCleanup(false)
      .withAutoRemove(false)
      .withStartupTimeout(START_LIMIT_MS)
      .withWaitStrategy(startedIsEnough);
    const more: HostConfig = {
      Memory: spec.memoryBytes,
      // The same as Memory: no swap, or an OOM would be a matter of the host's disk.
      MemorySwap: spec.memoryBytes,
      PidsLimit: spec.pids,
      ...(spec.processesOf === undefined ? {} : { PidMode: `container:${spec.processesOf}` }),
      ReadonlyRootfs: true,
      Mounts: [
        { Type: 'volume', Source: spec.volume.name, Target: spec.volume.path },
        ...(spec.tempVolume === undefined
          ? []
          : [{ Type: 'volume' as const, Source: spec.tempVolume, Target: TEMP_FOLDER }]),
        ...(spec.cache === undefined
          ? []
          : [{ Type: 'volume' as const, Source: spec.cache.name, Target: spec.cache.path }]),
      ],
      // The lab reads the streams itself; nothing is to pile up on the engine's disk.
      LogConfig: { Type: 'none', Config: {} },
    };
    Object.assign(this.hostConfig, more);
    Object.assign(this.createOpts, {
      ...(spec.workingDirectory === undefined ? {} : { WorkingDir: spec.workingDirectory }),
      ...(spec.hostname === undefined ? {} : { Hostname: spec.hostname }),
      OpenStdin: true,
      // stdin ends when the lab goes away, and the program inside ends with it.
      StdinOnce: true,
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
    });
  }

  protected override containerCreated = (id: string): Promise<void> => this.#attach(id);
}

/** The programs in the lab's containers say themselves when they are there; Testcontainers need not look for ports or log lines. */
const startedIsEnough = {
  async waitUntilReady() {},
  withStartupTimeout() {
    return startedIsEnough;
  },
  isStartupTimeoutSet: () => true,
  getStartupTimeout: () => START_LIMIT_MS,
};

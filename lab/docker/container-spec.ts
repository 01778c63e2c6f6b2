export const TEMP_FOLDER = '/tmp';
/** In memory where the temp folder is a volume that others look at: for the sidecar's own files. */
export const OTHER_TEMP_FOLDER = '/var/tmp';

/** What differs between the lab's containers; everything that keeps them harmless is the same for all and not in here. */
export interface ContainerSpec {
  /** The cell that it belongs to. */
  cell: string;
  name: string;
  image: string;
  command: readonly string[];
  env: Readonly<Record<string, string>>;
  /** Named volume on the state folder. */
  volume: { name: string; path: string };
  /** What it is called inside. Absent: by its id, or, in another's network namespace, as that one is. */
  hostname?: string;
  /** `none`, or `container:ID` to join a network namespace that has only loopback. */
  network: string;
  /** Container whose processes it sees and can signal. Absent: only its own. */
  processesOf?: string;
  memoryBytes: number;
  /** Room in /dev/shm, for ballast. */
  sharedMemoryBytes: number;
  pids: number;
  /** A volume on the temp folder, which outlives the container then. Absent: it is in memory, and gone with each end of the container. */
  tempVolume?: string;
  /** A volume on one more folder. */
  cache?: { name: string; path: string };
  /** Absent: the image's own. */
  workingDirectory?: string;
}

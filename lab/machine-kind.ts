import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packageFolder } from './package-folder.ts';
import { Problem } from './problem.ts';

/** What kind of machine is built. */
export interface MachineKind {
  /** Debian's release. */
  release: (typeof RELEASES)[number];
  /** As npm names it: the host's own, or on x64 arm64. */
  cpu: 'x64' | 'arm64';
  /** Of the disk that has the volumes. */
  fileSystem: FileSystem;
  engine: keyof typeof MACHINE_ENGINES;
}

/** Whose engine a rootless one is, in the machine. */
export const ROOTLESS_USER = 'midwrite';

export const RELEASES = ['trixie', 'bookworm'] as const;
/** An engine that a machine has, as Debian packages it, and how it is reached. */
interface MachineEngine {
  /** TLS: its own port, behind certificates. SSH: its socket, forwarded. */
  readonly transport: 'tls' | 'ssh';
  /** Of `ssh`: who logs in, and where the socket is. */
  readonly user?: string;
  readonly socket?: string;
  readonly packages: readonly string[];
  /** Units that are enabled; `user`: for each user who has a session. */
  readonly units: readonly string[];
  readonly userUnits?: readonly string[];
  /** Units that its packages enable, and that are not to run. */
  readonly masked?: readonly string[];
  /** Folders of images/machine/ that are laid over Debian's own files. */
  readonly layers: readonly string[];
}

const DOCKER_PACKAGES = ['iptables', 'ca-certificates', 'docker.io'];
const SSH_PACKAGES = ['openssh-server'];

export const MACHINE_ENGINES = {
  docker: {
    transport: 'tls',
    packages: DOCKER_PACKAGES,
    units: ['docker', 'containerd'],
    // It would take the socket away from an engine that made it itself.
    masked: ['docker.socket'],
    layers: ['root', 'docker', 'docker-tls'],
  },
  'docker-ssh': {
    transport: 'ssh',
    user: 'root',
    socket: '/var/run/docker.sock',
    packages: [...DOCKER_PACKAGES, ...SSH_PACKAGES],
    units: ['docker', 'containerd', 'ssh'],
    // It would take the socket away from an engine that made it itself.
    masked: ['docker.socket'],
    layers: ['root', 'docker', 'docker-ssh', 'ssh'],
  },
  /** https://docs.docker.com/engine/security/rootless/ */
  rootless: {
    transport: 'ssh',
    user: ROOTLESS_USER,
    socket: '/run/user/1000/docker.sock',
    packages: [
      ...DOCKER_PACKAGES,
      ...SSH_PACKAGES,
      'rootlesskit',
      'slirp4netns',
      'uidmap',
      'dbus-user-session',
      'libpam-systemd',
    ],
    units: ['ssh'],
    userUnits: ['midwrite-docker'],
    // The package starts one of root's.
    masked: ['docker.service', 'docker.socket', 'containerd.service'],
    layers: ['root', 'rootless', 'ssh'],
  },
  /** Its API is Docker's: https://docs.podman.io/en/latest/markdown/podman-system-service.1.html */
  podman: {
    transport: 'ssh',
    user: 'root',
    socket: '/run/podman/podman.sock',
    // catatonit: the first process of a pod, without which `podman kube play` makes none.
    packages: [...SSH_PACKAGES, 'podman', 'crun', 'catatonit', 'ca-certificates'],
    units: ['ssh', 'podman.socket'],
    layers: ['root', 'podman', 'ssh'],
  },
} as const satisfies Record<string, MachineEngine>;
export const ENGINES = Object.keys(MACHINE_ENGINES) as (keyof typeof MACHINE_ENGINES)[];

export const engineOf = ({ engine }: Pick<MachineKind, 'engine'>): MachineEngine => MACHINE_ENGINES[engine];

/** How a state disk is made and mounted. `commit`: nothing reaches the disk by a timer (ext4(5), btrfs(5)); what XFS has for it is set in the machine. */
interface StateFileSystem {
  /** As mount(8) names it. */
  type: string;
  program: string;
  package: string;
  args: readonly string[];
  options: string;
}

const EXT4 = { type: 'ext4', program: 'mke2fs', package: 'e2fsprogs', args: ['-q', '-F', '-t', 'ext4'] };

export const FILE_SYSTEMS = {
  ext4: { ...EXT4, options: 'noatime,commit=600' },
  'ext4-writeback': { ...EXT4, options: 'noatime,commit=600,data=writeback,noauto_da_alloc' },
  xfs: {
    type: 'xfs',
    program: 'mkfs.xfs',
    package: 'xfsprogs',
    args: ['-q', '-f'],
    // A disk that is read as a power failure left it has the UUID of the one that is still mounted: xfs(5), nouuid.
    options: 'noatime,nouuid',
  },
  btrfs: {
    type: 'btrfs',
    program: 'mkfs.btrfs',
    package: 'btrfs-progs',
    args: ['-q', '-f'],
    options: 'noatime,commit=300',
  },
} as const satisfies Record<string, StateFileSystem>;
export type FileSystem = keyof typeof FILE_SYSTEMS;

/**
 * The kind that is asked for; what is not asked for is Debian 13, the host's processor, ext4, Docker.
 * @throws Problem bad-usage
 */
export function machineKind(
  asked: { release?: string; arch?: string; fileSystem?: string; engine?: string },
  host: NodeJS.Architecture = process.arch,
): MachineKind {
  const cpu = oneOf('arch', asked.arch ?? (host === 'arm64' ? 'arm64' : 'x64'), ['x64', 'arm64'] as const);
  // Emulated, arm64 runs on x64 too; the other way round was never tried.
  if (cpu !== host && !(cpu === 'arm64' && host === 'x64'))
    throw new Problem(
      'bad-usage',
      `a machine for ${cpu} can't be made on ${host}: only one for the host's own processor, and on x64 one for arm64.`,
    );
  return {
    release: oneOf('release', asked.release ?? 'trixie', RELEASES),
    cpu,
    fileSystem: oneOf('file system', asked.fileSystem ?? 'ext4', Object.keys(FILE_SYSTEMS) as FileSystem[]),
    engine: oneOf('engine', asked.engine ?? 'docker', ENGINES),
  };
}

function oneOf<T extends string>(what: string, text: string, all: readonly T[]): T {
  const found = all.find((one) => one === text);
  if (found !== undefined) return found;
  throw new Problem('bad-usage', `Unknown ${what} "${text}" for a machine. Available: ${all.join(', ')}.`);
}

/** The folders that are laid over Debian's own files in the machine, one over the other. */
export const overlaysOf = (kind: MachineKind): string[] =>
  engineOf(kind).layers.map((layer) => path.join(packageFolder, 'images/machine', layer));

/** What Debian calls the processor. */
export const debianCpu = (cpu: MachineKind['cpu']) => (cpu === 'x64' ? 'amd64' : 'arm64');

export const packagesOf = (kind: MachineKind): string[] => [
  `linux-image-cloud-${debianCpu(kind.cpu)}`,
  ...['systemd-sysv', 'udev', 'kmod', 'dbus', 'iproute2'],
  ...engineOf(kind).packages,
  // Docker 20.10 starts no container without it where the kernel has AppArmor; later ones go without its profile.
  ...(kind.release === 'bookworm' ? ['apparmor'] : []),
];

/** The name of the machine's system disk: another one where anything in it differs. The state disk is made anew at each start. */
export function diskName(kind: MachineKind): string {
  const files = overlaysOf(kind).flatMap((overlay) =>
    readdirSync(overlay, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .sort()
      .map((file) => [path.relative(overlay, file), readFileSync(file, 'utf8')]),
  );
  const id = hash('sha256', JSON.stringify([packagesOf(kind), files]), 'hex').slice(0, 8);
  return `${kind.release}-${kind.cpu}-${kind.engine}-${id}`;
}

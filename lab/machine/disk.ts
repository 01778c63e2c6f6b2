import { existsSync, readFileSync } from 'node:fs';
import { chmod, copyFile, cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { installPackages } from '../engine/private-engine.ts';
import { ensureRunsHere, unpackingLimit } from '../image/foreign-processor.ts';
import type { BuildOptions } from '../image/recipe.ts';
import {
  debianCpu,
  diskName,
  engineOf,
  FILE_SYSTEMS,
  type MachineKind,
  overlaysOf,
  packagesOf,
  ROOTLESS_USER,
} from '../machine-kind.ts';
import { Problem } from '../problem.ts';
import { run } from '../process.ts';
import { makeCertificates, makeSshKeys } from './certificates.ts';
import { type DiskFiles, diskFiles, type MachineFolders, stateBase, stateDisk, stateLog } from './folders.ts';

const BUILD_LIMIT_MS = 30 * 60_000;
const MAKE_LIMIT_MS = 5 * 60_000;
/** Sparse: what is used of it counts. */
const ROOT_SIZE = '24G';
const STATE_SIZE = '4G';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const SOURCES = ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list'];

/** Never needed where nobody logs in, and each of them takes time at a boot. */
const MASKED = [
  ...['apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'e2scrub_all.timer', 'fstrim.timer'],
  ...[
    'getty@tty1.service',
    'serial-getty@ttyS0.service',
    'serial-getty@ttyAMA0.service',
    'systemd-networkd.service',
    'systemd-timesyncd.service',
  ],
  ...['e2scrub_reap.service', 'systemd-random-seed.service', 'systemd-update-utmp.service', 'man-db.timer'],
  ...['dev-hugepages.mount', 'dev-mqueue.mount', 'systemd-pstore.service'],
  ...['sys-kernel-debug.mount', 'sys-kernel-tracing.mount', 'modprobe@drm.service', 'modprobe@efi_pstore.service'],
  ...['sys-kernel-config.mount', 'modprobe@configfs.service', 'modprobe@dm_mod.service', 'modprobe@loop.service'],
  ...[
    'apparmor.service',
    'systemd-journal-flush.service',
    'systemd-udev-load-credentials.service',
    'proc-sys-fs-binfmt_misc.automount',
  ],
];
/** Where nobody but root logs in. */
const MASKED_WITHOUT_USERS = [
  ...MASKED,
  ...['systemd-logind.service', 'sys-fs-fuse-connections.mount', 'modprobe@fuse.service'],
  ...['kmod-static-nodes.service', 'systemd-tmpfiles-setup-dev-early.service', 'systemd-tmpfiles-setup-dev.service'],
];

/** Programs that systemd runs before anything else (systemd.generator(7)), for what no machine of the lab's has. */
const MASKED_GENERATORS = [
  ...['debug', 'getty', 'gpt-auto', 'hibernate-resume', 'rc-local', 'run', 'ssh', 'system-update', 'sysv', 'tpm2'],
].map((name) => `systemd-${name}-generator`);
const GENERATORS = '/etc/systemd/system-generators';

/** A user whose services run without a login (loginctl(1), enable-linger), and who has ids of its own for containers (subuid(5)). */
const withUser = [
  `--customize-hook=chroot "$1" useradd --create-home --uid 1000 --shell /bin/bash ${ROOTLESS_USER}`,
  `--customize-hook=chroot "$1" install -d -o 1000 -g 1000 ${['.local', '.local/share', '.local/share/docker', '.local/share/docker/volumes'].map((name) => `/home/${ROOTLESS_USER}/${name}`).join(' ')}`,
];

/**
 * The system disk of a kind of machine: built from Debian's packages where it is not there yet.
 * @throws Problem no-machine
 */
export async function ensureDisk(
  folders: MachineFolders,
  kind: MachineKind,
  options: BuildOptions,
): Promise<{ files: DiskFiles; isBuilt: boolean }> {
  const files = diskFiles(folders, diskName(kind));
  if (existsSync(files.folder)) return { files, isBuilt: false };
  await ensureRunsHere(kind.cpu, options);
  options.say(`building a machine from Debian ${kind.release}'s packages (some minutes, once)`);
  const building = `${files.folder}.building`;
  // What a lab that was killed had begun; the caller holds the lock.
  await rm(building, { recursive: true, force: true });
  await mkdir(building, { recursive: true, mode: 0o700 });
  try {
    await build(building, kind, options);
    await rename(building, files.folder);
  } finally {
    await rm(building, { recursive: true, force: true });
  }
  return { files, isBuilt: true };
}

async function build(folder: string, kind: MachineKind, options: BuildOptions): Promise<void> {
  const overlay = path.join(folder, 'overlay');
  const root = path.join(folder, 'root');
  for (const layer of overlaysOf(kind)) await cp(layer, overlay, { recursive: true });
  await makeKeys(folder, overlay, kind);
  const { units, userUnits = [], masked = [] } = engineOf(kind);
  const mirror = debianMirror();
  const signedBy = existsSync(KEYRING) ? `[signed-by=${KEYRING}] ` : '';
  await run({
    file: 'mmdebstrap',
    args: [
      '--mode=root',
      '--variant=apt',
      `--architectures=${debianCpu(kind.cpu)}`,
      `--include=${packagesOf(kind).join(',')}`,
      '--dpkgopt=force-unsafe-io',
      // A configuration of the overlay stays, where a package has one of that name: nobody is there to be asked.
      '--dpkgopt=force-confold',
      '--dpkgopt=path-exclude=/usr/share/{doc,info,locale,man}/*',
      // Before the kernel, which makes its initrd by what is there.
      `--essential-hook=cp -r --no-preserve=ownership --preserve=mode ${overlay}/. "$1"/`,
      `--customize-hook=chroot "$1" systemctl enable ${[...units, 'midwrite-network', 'midwrite-agent'].join(' ')}`,
      ...userUnits.map((unit) => `--customize-hook=chroot "$1" systemctl --global enable ${unit}`),
      ...(userUnits.length === 0 ? [] : withUser),
      `--customize-hook=chroot "$1" systemctl mask ${[...(userUnits.length === 0 ? MASKED_WITHOUT_USERS : MASKED), ...masked].join(' ')}`,
      `--customize-hook=chroot "$1" mkdir -p ${GENERATORS}`,
      ...MASKED_GENERATORS.map((name) => `--customize-hook=chroot "$1" ln -s /dev/null ${GENERATORS}/${name}`),
      '--format=directory',
      kind.release,
      root,
      ...(mirror === undefined ? [] : [`deb ${signedBy}${mirror} ${kind.release} main`]),
    ],
    purpose: `building a machine of Debian ${kind.release}`,
    advice: "Debian's package mirror must be reachable for this, and 3 GB must be free.",
    limitMs: unpackingLimit(kind.cpu, BUILD_LIMIT_MS),
    code: 'no-machine',
    signal: options.signal,
  });
  const boot = await readdir(path.join(root, 'boot'));
  for (const [prefix, name] of [
    ['vmlinuz-', 'vmlinuz'],
    ['initrd.img-', 'initrd.img'],
  ] as const) {
    const file = boot.find((one) => one.startsWith(prefix));
    if (file === undefined) throw new Problem('no-machine', `Debian ${kind.release}'s kernel brought no ${name}.`);
    await copyFile(path.join(root, 'boot', file), path.join(folder, name));
  }
  await run({
    file: 'mke2fs',
    args: ['-q', '-F', '-t', 'ext4', '-E', 'lazy_itable_init=1', '-d', root, path.join(folder, 'root.img'), ROOT_SIZE],
    purpose: "writing the machine's disk",
    advice: 'Some 2 GB must be free.',
    limitMs: MAKE_LIMIT_MS,
    code: 'no-machine',
    signal: options.signal,
  });
  for (const done of ['root', 'overlay', 'scratch'])
    await rm(path.join(folder, done), { recursive: true, force: true });
  await writeFile(path.join(folder, 'kind.json'), `${JSON.stringify(kind, null, 2)}\n`);
}

/** What proves to the machine's engine who may use it, and to its user that it is that machine: into the disk, and beside it. */
async function makeKeys(folder: string, overlay: string, kind: MachineKind): Promise<void> {
  const certificates = path.join(folder, 'certificates');
  if (engineOf(kind).transport === 'ssh') return makeSshKeys(path.join(overlay, 'etc/ssh/midwrite'), certificates);
  const server = path.join(overlay, 'etc/docker/tls');
  await makeCertificates(path.join(folder, 'scratch'), server, certificates);
  await chmod(server, 0o700);
}

/** Where this host has Debian from. Undefined: from nowhere, as on Ubuntu; mmdebstrap(1) has a mirror of its own then. */
function debianMirror(): string | undefined {
  for (const file of SOURCES) {
    if (!existsSync(file)) continue;
    const uris = readFileSync(file, 'utf8').match(/^(?:URIs:\s*|deb\s+(?:\[[^\]]*\]\s+)?)(https?:\S+)/m)?.[1];
    if (uris !== undefined && !uris.includes('ubuntu')) return uris.replace(/\/$/, '');
  }
  return undefined;
}

/** An empty state disk in place of the one that was there. */
export async function makeStateDisk(
  file: string,
  fileSystem: MachineKind['fileSystem'],
  options: BuildOptions,
): Promise<void> {
  const { program, args, package: name } = FILE_SYSTEMS[fileSystem];
  await installPackages([program], [name], options.say);
  await mkdir(path.dirname(file), { recursive: true });
  await rm(file, { force: true });
  const purpose = 'making the state disk';
  await run({
    file: 'truncate',
    args: ['--size', STATE_SIZE, file],
    purpose,
    limitMs: MAKE_LIMIT_MS,
    code: 'no-machine',
  });
  await run({
    file: program,
    args: [...args, file],
    env: { PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` },
    purpose,
    limitMs: MAKE_LIMIT_MS,
    code: 'no-machine',
    signal: options.signal,
  });
}

/** Keeps the state disk as it was made, and begins an empty log beside it: what is in the log is applied to that. */
export async function beginBlockLog(folders: MachineFolders): Promise<void> {
  await run({
    file: 'cp',
    args: ['--sparse=always', stateDisk(folders), stateBase(folders)],
    purpose: 'keeping the state disk as it was made',
    limitMs: MAKE_LIMIT_MS,
    code: 'no-machine',
  });
  await writeFile(stateLog(folders), '', { mode: 0o600 });
}

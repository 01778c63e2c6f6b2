import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { diskName, ENGINES, FILE_SYSTEMS, machineKind, overlaysOf, packagesOf } from './machine-kind.ts';

test("what is not asked for is Debian 13 with ext4 and Docker, on the host's own processor", () => {
  expect(machineKind({}, 'arm64')).toEqual({ release: 'trixie', cpu: 'arm64', fileSystem: 'ext4', engine: 'docker' });
});

test('what there is not is refused, with what there is', () => {
  expect(() => machineKind({ fileSystem: 'zfs' })).toThrow('Available: ext4, ext4-writeback, xfs, btrfs');
});

test("the processor is the host's own, and on x64 it can be arm64, emulated", () => {
  expect(machineKind({ arch: 'arm64' }, 'x64').cpu).toBe('arm64');
  expect(() => machineKind({ arch: 'x64' }, 'arm64')).toThrow("a machine for x64 can't be made on arm64");
  expect(packagesOf(machineKind({ arch: 'arm64' }, 'x64'))).toContain('linux-image-cloud-arm64');
});

test("Docker 20.10 starts no container without AppArmor's parser: Debian 12 has it", () => {
  expect(packagesOf(machineKind({ release: 'bookworm' }, 'x64'))).toContain('apparmor');
  expect(packagesOf(machineKind({}, 'x64'))).not.toContain('apparmor');
});

test('another engine is another disk', () => {
  const names = ENGINES.map((engine) => diskName(machineKind({ engine }, 'x64')));
  expect(new Set(names).size).toBe(ENGINES.length);
  expect(() => machineKind({ engine: 'lxc' }, 'x64')).toThrow('Available: docker, docker-ssh, rootless, podman');
});

test('the state disk is not a part of the system disk: one disk does for every file system', () => {
  const names = Object.keys(FILE_SYSTEMS).map((fileSystem) => diskName(machineKind({ fileSystem }, 'x64')));
  expect(new Set(names).size).toBe(1);
  expect(diskName(machineKind({ release: 'bookworm' }, 'x64'))).not.toBe(names[0]);
});

test('the scripts of the initrd can be run: update-initramfs(8) leaves out those that can not, and says nothing', () => {
  const scripts = overlaysOf(machineKind({}, 'x64')).flatMap((overlay) =>
    readdirSync(overlay, { recursive: true, withFileTypes: true }).flatMap((entry) =>
      entry.isFile() && entry.parentPath.includes('/initramfs-tools/scripts/')
        ? [path.join(entry.parentPath, entry.name)]
        : [],
    ),
  );
  expect(scripts.map((script) => path.basename(path.dirname(script))).sort()).toEqual(['init-bottom', 'init-top']);
  for (const script of scripts) expect(statSync(script).mode & 0o111, script).not.toBe(0);
});

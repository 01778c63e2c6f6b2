import { expect, test } from 'vitest';
import { diskName, ENGINES, FILE_SYSTEMS, machineKind, packagesOf } from './machine-kind.ts';

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

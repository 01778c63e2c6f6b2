import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { machineKind } from '../machine-kind.ts';
import { until } from '../wait.ts';
import { isGone, killQemu, machineMemoryBytes, qemuArgs } from './qemu.ts';

const files = { folder: '/d', root: '/d/root.img', kernel: '/d/k', initrd: '/d/i', certificates: '/d/c' };
const argsOf = (engine: string, arch = 'x64') =>
  qemuArgs(
    {
      kind: machineKind({ fileSystem: 'btrfs', engine, arch }, 'x64'),
      files,
      accelerator: { kind: 'emulated', why: 'a test' },
      port: 4321,
      memoryBytes: 1024 ** 3,
      outlivesLab: true,
      blockLog: false,
    },
    { data: '/data', run: '/run/m' },
  );
const args = argsOf('docker');

test('nothing in the machine reaches a network, and one port of loopback leads into it', () => {
  const nets = (engine: string) => argsOf(engine).filter((arg) => arg.startsWith('user,'));
  expect(nets('docker')).toEqual(['user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:4321-10.0.2.15:2376']);
  expect(nets('podman')).toEqual(['user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:4321-10.0.2.15:22']);
});

test('the volumes are on a disk of their own, and how it is mounted is said to the kernel', () => {
  const drives = args.filter((arg) => arg.startsWith('file=') && arg.includes('id='));
  expect(drives.map((drive) => drive.split(',')[0])).toEqual(['file=/d/root.img', 'file=/data/state.img']);
  expect(args[args.indexOf('-append') + 1]).toContain('midwrite.state=noatime,commit=300');
});

test('another processor is another machine, and another console', () => {
  const arm = argsOf('docker', 'arm64');
  expect(arm[arm.indexOf('-machine') + 1]).toBe('virt');
  expect(arm[arm.indexOf('-append') + 1]).toContain('console=ttyAMA0');
  // With both page tables each system call empties QEMU's TLB.
  expect(arm[arm.indexOf('-append') + 1]).toContain('kpti=0');
});

test('it gets half of the memory of its host, and at most 6 GiB', () => {
  expect(machineMemoryBytes(4 * 1024 ** 3)).toBe(2 * 1024 ** 3);
  expect(machineMemoryBytes(64 * 1024 ** 3)).toBe(6 * 1024 ** 3);
});

test('a process that was killed is gone when nothing of it runs', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  expect(isGone(pid)).toBe(false);
  await killQemu(pid);
  expect(await until({ name: 'it to be gone', limitMs: 5_000 }, async () => isGone(pid) || undefined)).toBe(true);
});

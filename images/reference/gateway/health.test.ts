import { expect, test } from 'vitest';
import { healthStatus, readMemory } from './health.ts';

const MiB = 1024 * 1024;
const STATUS = 'Name:\tnode\nVmPeak:\t22734080 kB\nVmSize:\t22734080 kB\nVmRSS:\t  418688 kB\nThreads:\t11\n';

/** A tree of the kernel's, as recorded. */
const read = (tree: Record<string, string>) => async (path: string) => tree[path];

/** A container on a machine with version 1: the path is the machine's, what is mounted is the container's own. */
const version1 = (charged: number, inactive: number, limit: string) => ({
  '/proc/self/status': STATUS,
  '/proc/self/cgroup':
    '9:name=systemd:/docker/4d1e\n8:pids:/docker/4d1e\n4:memory:/docker/4d1e\n2:cpu,cpuacct:/docker/4d1e\n0::/\n',
  '/sys/fs/cgroup/memory/memory.usage_in_bytes': `${charged}\n`,
  '/sys/fs/cgroup/memory/memory.limit_in_bytes': `${limit}\n`,
  '/sys/fs/cgroup/memory/memory.stat':
    `cache 9203712\nrss 7364608\ninactive_file 4096\nactive_file 135168\nhierarchical_memory_limit ${limit}\n` +
    `total_cache 100835328\ntotal_rss 43159552\ntotal_inactive_file ${inactive}\ntotal_active_file 135168\n`,
});

/** A container with a cgroup namespace of its own on a machine with version 2. */
const version2 = (charged: number, inactive: number, limit: string) => ({
  '/proc/self/status': STATUS,
  '/proc/self/cgroup': '0::/\n',
  '/sys/fs/cgroup/memory.current': `${charged}\n`,
  '/sys/fs/cgroup/memory.max': `${limit}\n`,
  '/sys/fs/cgroup/memory.stat': `anon 43159552\nfile 100835328\ninactive_anon 0\ninactive_file ${inactive}\nactive_file 135168\n`,
});

/** A service of systemd's on a machine with version 2. */
const service = {
  '/proc/self/status': STATUS,
  '/proc/self/cgroup': '0::/system.slice/gateway.service\n',
  '/sys/fs/cgroup/memory.stat': 'anon 1\n',
  '/sys/fs/cgroup/system.slice/gateway.service/memory.current': `${90 * MiB}\n`,
  '/sys/fs/cgroup/system.slice/gateway.service/memory.max': `${100 * MiB}\n`,
  '/sys/fs/cgroup/system.slice/gateway.service/memory.stat': 'inactive_file 0\n',
};

test.each([
  ['1', version1],
  ['2', version2],
])('what is reserved, resident and charged are told apart: version %s', async (_, tree) => {
  expect(await readMemory(read(tree(90 * MiB, 10 * MiB, `${100 * MiB}`)))).toEqual({
    reservedBytes: 22_734_080 * 1024,
    residentBytes: 418_688 * 1024,
    heapUsedBytes: expect.any(Number),
    chargedBytes: 90 * MiB,
    reclaimableBytes: 10 * MiB,
    limitBytes: 100 * MiB,
    alarmAtBytes: 85 * MiB,
    alarm: false,
  });
});

test.each([
  ['1', version1],
  ['2', version2],
])('the alarm is on the charge less the inactive file cache: version %s', async (_, tree) => {
  const alarm = async (chargedMiB: number, inactiveMiB: number) =>
    (await readMemory(read(tree(chargedMiB * MiB, inactiveMiB * MiB, `${100 * MiB}`)))).alarm;
  expect(await alarm(84, 0)).toBe(false);
  expect(await alarm(85, 0)).toBe(true);
  expect(await alarm(99, 15)).toBe(false);
  expect(await alarm(99, 14)).toBe(true);
});

test.each([
  ['1', version1(90 * MiB, 0, '9223372036854771712')],
  ['2', version2(90 * MiB, 0, 'max')],
])('without a limit there is no alarm, however much is reserved: version %s', async (_, tree) => {
  expect(await readMemory(read(tree))).toMatchObject({
    reservedBytes: 22_734_080 * 1024,
    chargedBytes: 90 * MiB,
    limitBytes: null,
    alarmAtBytes: null,
    alarm: false,
  });
});

test('the cgroup that the process is in goes before the one that is mounted', async () => {
  expect(await readMemory(read(service))).toMatchObject({ chargedBytes: 90 * MiB, alarm: true });
});

test('without a cgroup the charge is not known, and there is no alarm', async () => {
  expect(await readMemory(read({ '/proc/self/status': STATUS }))).toMatchObject({
    residentBytes: 418_688 * 1024,
    chargedBytes: null,
    reclaimableBytes: null,
    limitBytes: null,
    alarmAtBytes: null,
    alarm: false,
  });
});

test('of this very process', async () => {
  const { reservedBytes, residentBytes, heapUsedBytes } = await readMemory();
  expect(heapUsedBytes).toBeGreaterThan(MiB);
  expect(residentBytes).toBeGreaterThan(heapUsedBytes);
  expect(reservedBytes).toBeGreaterThan(residentBytes ?? 0);
});

test.each([
  [{ ready: true, stopping: false, alarm: false }, 'ok'],
  [{ ready: true, stopping: false, alarm: true }, 'memory-alarm'],
  [{ ready: false, stopping: false, alarm: true }, 'not-ready'],
  [{ ready: true, stopping: true, alarm: true }, 'stopping'],
])('%j is %s', (is, status) => {
  expect(healthStatus(is)).toBe(status);
});
